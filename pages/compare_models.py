"""Every model on the same photo: what each sees, where they agree, how long they take."""

from ewardrobe import ui, ui_compare, ui_compare_views

LEAD = "The same photo through every model: outlines, names, times, and where they disagree. It stays on this machine."

ui.page_header("Compare models", LEAD)
bench = ui_compare.current_bench()
chosen = ui_compare.settings()
if bench.photos:
    ui_compare_views.compare(bench, chosen)
else:
    ui_compare.choose(bench)
