"""Import and export: a backup of everything, the table for other programs, and both back in with a preview."""

import streamlit as st

from ewardrobe import ui, ui_exchange

store = ui.wardrobe_store()
ui.page_header(
    "Import and export", "One file holds your whole wardrobe. Nothing comes in before you have seen what it changes."
)
frame = ui.load_wardrobe(store)
grid = st.grid(2, min_column_width=360, gap="medium")
with grid.cell():
    ui_exchange.export(store, frame)
with grid.cell():
    upload = ui_exchange.ask_file()
if upload is not None:
    ui_exchange.incoming(store, upload)
