"""From a photo to the wardrobe: garments found, checked, corrected, saved."""

from ewardrobe import ui, ui_add, ui_import, ui_import_grid, ui_repair, ui_review

LEAD = "A photo of clothes, worn or lying flat: every garment in it is cut out and named. It stays on this machine."

ui.page_header("Add garments", LEAD)
visit, store = ui_add.current_visit(), ui.wardrobe_store()
visit.overflow = ui_import.enqueue
confidence = ui_review.settings()
queued = ui_import.queue_of(store).entries()
if visit.photos:
    ui_review.review(visit, store, confidence)
elif visit.saved:
    ui_review.show_saved(visit)
elif queued and not visit.later:
    ui_import_grid.review_import(visit, store, queued)
else:
    if queued:
        ui_import.waiting_banner(visit, queued)
    ui_add.choose_photos(visit, {"Many": (":material/photo_library:", ui_import.many)})
ui_repair.show_repair()
