"""eWardrobe's pages: ``streamlit run app.py``."""

from pathlib import Path

import streamlit as st

from ewardrobe.app import streamlit_internals
from ewardrobe.core import process

process.configure()  # before any page imports torch or ultralytics
streamlit_internals.mend_streamlit()

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
ICON = Path(__file__).parent / "assets" / "icon.png"  # browsers would fetch a Material icon of the tab from Google

st.set_page_config(page_title="eWardrobe", page_icon=str(ICON), layout="wide")
folder = Path(__file__).parent / "pages"
st.navigation(
    [
        st.Page(folder / f"{name}.py", title=title, icon=icon, url_path=name, default=name == PAGES[0][0])
        for name, title, icon in PAGES
    ]
).run()
