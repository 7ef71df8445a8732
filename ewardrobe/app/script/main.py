"""The script that Streamlit runs for every page: its frame and its navigation.  `app.py` starts the server."""

import streamlit as st

from ewardrobe.app.fields import whole_page
from ewardrobe.app.page import FOLDER

PAGES = (  # file, title, icon; the first is the one that opens
    ("add_garments", "Add garments", ":material/add_a_photo:"),
    ("wardrobe", "Wardrobe", ":material/checkroom:"),
    ("outfits", "Outfits", ":material/apparel:"),
    ("statistics", "Statistics", ":material/bar_chart:"),
    ("live_try_on", "Live try-on", ":material/videocam:"),
    ("compare_models", "Compare models", ":material/compare:"),
    ("metrics", "Metrics", ":material/monitoring:"),
    ("exchange", "Import and export", ":material/swap_horiz:"),
)
ICON = FOLDER.with_name("assets") / "icon.png"  # browsers would fetch a Material icon of the tab from Google

st.set_page_config(page_title="eWardrobe", page_icon=str(ICON), layout="wide")
page = st.navigation(
    [
        st.Page(FOLDER / f"{name}.py", title=title, icon=icon, url_path=name, default=name == PAGES[0][0])
        for name, title, icon in PAGES
    ]
)
with whole_page():
    page.run()
