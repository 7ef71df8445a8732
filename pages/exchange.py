"""Import and export: a backup of everything, the table for other programs, and both back in with a preview."""

import streamlit as st

from ewardrobe.app import exchange, page

store = page.wardrobe_store()
page.page_header(
    "Import and export", "One file holds your whole wardrobe. Nothing comes in before you have seen what it changes."
)
frame = page.load_wardrobe(store)
grid = st.grid(2, min_column_width=360, gap="medium")
with grid.cell():
    exchange.export(store, frame)
    exchange.copies(store)
with grid.cell():
    upload = exchange.ask_file()
if upload is not None:
    exchange.incoming(store, upload)
