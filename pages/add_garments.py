"""From a photo to the wardrobe: garments found, checked, corrected, saved."""

from ewardrobe.app import page
from ewardrobe.app.add import grid, intake, queue, repair, review

LEAD = "A photo of clothes, worn or lying flat: every garment in it is cut out and named. It stays on this machine."

page.page_header("Add garments", LEAD)
visit, store = intake.current_visit(), page.wardrobe_store()
visit.overflow = queue.enqueue
confidence = review.settings()
queued = queue.queue_of(store).entries()
if visit.photos:
    review.review(visit, store, confidence)
elif visit.saved:
    review.show_saved(visit)
elif queued and not visit.later:
    grid.review_import(visit, store, queued)
else:
    if queued:
        queue.waiting_banner(visit, queued)
    intake.choose_photos(visit, {"Many": (":material/photo_library:", queue.many)})
repair.show_repair()
