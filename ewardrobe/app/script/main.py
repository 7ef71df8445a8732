"""The script that Streamlit runs for every page: its frame and its navigation.  `app.py` starts the server."""

import streamlit as st

from ewardrobe.app.fields import whole_page
from ewardrobe.app.frame import frame
from ewardrobe.app.page import FOLDER

PAGES = (  # file, title, icon, group; the first is the one that opens
    ("today", "Today", ":material/today:", ""),
    ("wardrobe", "Wardrobe", ":material/checkroom:", ""),
    ("outfits", "Outfits", ":material/apparel:", ""),
    ("live_try_on", "Live try-on", ":material/videocam:", ""),
    ("add_garments", "Add garments", ":material/add_a_photo:", ""),
    ("statistics", "Statistics", ":material/bar_chart:", "Insights"),
    ("exchange", "Import and export", ":material/swap_horiz:", "Insights"),
    ("compare_models", "Compare models", ":material/compare:", "Laboratory"),
    ("metrics", "Metrics", ":material/monitoring:", "Laboratory"),
)
ASSETS = FOLDER.with_name("assets")
ICON = ASSETS / "icon.png"  # browsers would fetch a Material icon of the tab from Google

st.set_page_config(page_title="eWardrobe", page_icon=str(ICON), layout="wide")
st.logo(str(ASSETS / "logo.svg"), size="large", icon_image=str(ICON))
groups: dict[str, list] = {group: [] for *_, group in PAGES}
for name, title, icon, group in PAGES:
    first = name == PAGES[0][0]
    groups[group].append(st.Page(FOLDER / f"{name}.py", title=title, icon=icon, url_path=name, default=first))
page = st.navigation(groups, expanded=True)
with whole_page(), frame():
    page.run()
