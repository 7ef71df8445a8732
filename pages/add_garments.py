"""From a photo to the wardrobe: garments found, checked, corrected, saved."""

from ewardrobe.app import page
from ewardrobe.app.add import intake, queue, repair, review

LEAD = "A photo of clothes, worn or lying flat: every garment in it is cut out and named. It stays on this machine."

page.page_header("Add garments", LEAD)
visit, store = intake.current_visit(), page.wardrobe_store()
min_score = review.settings()
queued = queue.queue_of(store).entries()
if visit.saved:
    review.show_saved(visit)
elif queued and not visit.later:
    review.review(visit, store, min_score)
else:
    if queued:
        queue.waiting_banner(visit, queued)
    many = {"Many": (":material/photo_library:", queue.many)}
    intake.choose_photos(queue.enqueue, visit.number, many, "photo-source")
repair.show_repair()
