"""Today: what to wear, what is planned, what waits for the wash, what came last; a welcome to who owns nothing yet."""

from ewardrobe.app import page, today
from ewardrobe.app.wardrobe import overview

store = page.wardrobe_store()
if item_id := overview.opened_id():
    page.go("wardrobe", item=item_id)
frame = today.own(page.load_wardrobe(store))
if frame.empty:
    today.welcome(store)
else:
    today.today(store, frame)
