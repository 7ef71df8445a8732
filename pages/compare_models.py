"""Every model on the same photo: what each sees, where they agree, how long they take."""

from ewardrobe.app import page
from ewardrobe.app.compare import photos, views

LEAD = "The same photo through every model: outlines, names, times, and where they disagree. It stays on this machine."

page.page_header("Compare models", LEAD)
bench = photos.current_bench()
chosen = photos.settings()
if bench.photos:
    views.compare(bench, chosen)
else:
    photos.choose(bench)
