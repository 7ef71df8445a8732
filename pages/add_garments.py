"""From a photo to the wardrobe: garments found, checked, corrected, saved."""

from ewardrobe import ui, ui_add, ui_review

LEAD = "A photo of clothes, worn or lying flat: every garment in it is cut out and named. It stays on this machine."

ui.page_header("Add garments", LEAD)
visit = ui_add.current_visit()
confidence = ui_review.settings()
if visit.photos:
    ui_review.review(visit, ui.wardrobe_store(), confidence)
elif visit.saved:
    ui_review.show_saved(visit)
else:
    ui_add.choose_photos(visit)
