"""What can be done with the chosen items, in a bar at the foot of the page that is there only while some are chosen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.fields import ask_field, typed
from ewardrobe.app.wardrobe.overview import choose, chosen_ids, open_item
from ewardrobe.app.wardrobe.saved_outfits import save_chosen
from ewardrobe.app.wardrobe.wear import counted, put_away, wear_buttons
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe import edits
from ewardrobe.wardrobe.fields import FIELD, FLAG


def bulk_bar(store: FeatureStore, frame: pd.DataFrame) -> None:
    """Show the bar for the chosen items of ``frame``, the whole wardrobe; nothing while none is chosen."""
    ids = chosen_ids(frame)
    if not ids:
        return
    with st.bottom, st.container(horizontal=True, vertical_alignment="center", key="bulk-bar"):
        st.markdown(f"**{len(ids)} chosen**", width="content")
        if len(ids) == 1:
            st.button("Open", icon=":material/open_in_full:", key="bulk-open", on_click=open_item, args=(ids[0],))
        wear_buttons(store, ids, "bulk")
        with st.popover("Edit", icon=":material/edit:", key="bulk-edit"):
            _edit(store, frame, ids)
        save_chosen(store, ids)
        put_away(store, ids, "bulk")
        st.space("stretch")
        st.button("Clear choice", key="bulk-clear", type="tertiary", on_click=choose, args=((),))


def _edit(store: FeatureStore, frame: pd.DataFrame, ids: list[str]) -> None:
    fields = list(edits.FIELDS)
    first = fields.index("tags")  # what many items are given most often
    field = st.selectbox("Field", fields, index=first, format_func=edits.FIELDS.get, key="bulk-field")
    way = "Replace"
    if field in edits.LIST_FIELDS:
        way = st.segmented_control("How", edits.WAYS, default="Add", required=True, key="bulk-way")
    ask_field(frame, field, f"bulk-value-{field}", **({"value": True} if FIELD[field].holds == FLAG else {}))
    st.button(
        f"Change {len(ids)} item{'s' if len(ids) > 1 else ''}",
        type="primary",
        key="bulk-apply",
        on_click=_apply,
        args=(store, ids, field, way),
    )
    st.caption("An empty value clears the field.")


def _apply(store: FeatureStore, ids: list[str], field: str, way: str) -> None:
    value = typed(st.session_state.get(f"bulk-value-{field}"))
    if FIELD[field].required and value is None:
        st.session_state.setdefault("problems", []).append(
            f"{edits.FIELDS[field]} cannot be empty: every item has one."
        )
        return
    label = edits.FIELDS[field]
    what = f"changed {label.lower()} of {counted(ids)}"
    page.change(store.alter, ids, lambda item: edits.change_of(item, field, value, way), what, said=f"{label} changed")
