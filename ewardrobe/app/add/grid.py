"""The drafts at a glance: small cards of all photos, chosen, and one field changed on many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.cards import Desk, card_grid
from ewardrobe.app.add.intake import Visit, count
from ewardrobe.app.fields import ask_field, typed
from ewardrobe.garments.draft import Draft
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.garments.review import change_field
from ewardrobe.wardrobe import edits

PAGE_LENGTH = 24
Thing = TypeVar("Thing")


def at_a_glance(desk: Desk, drafts: Sequence[Draft], names: Mapping[str, str]) -> None:
    """Show the drafts as small cards, and what can be done with those that are chosen; names: of photos by key."""
    if not drafts:
        return
    _choice_bar(desk, drafts, [draft for draft in drafts if draft.id in desk.visit.chosen])
    card_grid(desk, one_page(drafts, PAGE_LENGTH, "garments"), names)


def one_page(things: Sequence[Thing], length: int, key: str) -> Sequence[Thing]:
    """Show the page numbers where ``things`` are more than ``length``, and return those of the page at hand."""
    pages = -(-len(things) // length)
    if pages <= 1:
        return things
    number = min(st.pagination(pages, key=f"{key}-{pages}"), pages)
    return things[(number - 1) * length : number * length]


# Choosing, and one field on many


def _choice_bar(desk: Desk, drafts: Sequence[Draft], chosen: Sequence[Draft]) -> None:
    visit, queue, ids = desk.visit, desk.queue, [draft.id for draft in chosen]
    with st.container(horizontal=True, vertical_alignment="center"):
        everything = [draft.id for draft in drafts]
        st.button("Choose all", key="choose-all", on_click=_choose, args=(visit, everything))
        st.button("None", key="choose-none", disabled=not chosen, on_click=_choose, args=(visit, []))
        st.markdown(f"{len(chosen)} chosen", width="content")
        st.space("stretch")
        with st.popover("Change a field", icon=":material/edit:", key="batch", disabled=not chosen):
            _batch(queue, chosen, desk.frame)
        _keep_button("Leave out", "visibility_off", queue, ids, False)
        _keep_button("Take back", "visibility", queue, ids, True)


def _keep_button(label: str, icon: str, queue: ImportQueue, ids: list[str], keep: bool) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"batch-keep-{keep}",
        disabled=not ids,
        on_click=page.change,
        args=(queue.edit, ids, lambda draft: replace(draft, keep=keep)),
    )


def _choose(visit: Visit, ids: Sequence[str]) -> None:
    visit.chosen = set(ids)


def _batch(queue: ImportQueue, chosen: Sequence[Draft], frame) -> None:
    field = st.selectbox("Field", list(edits.FIELDS), format_func=edits.FIELDS.get, key="batch-field")
    way = "Replace"
    if field in edits.LIST_FIELDS:
        way = st.segmented_control("How", edits.WAYS, default="Add", required=True, key="batch-way")
    key = f"batch-value-{field}"
    ask_field(frame, field, key)
    st.button(
        f"Change {count(len(chosen), 'garment')}",
        type="primary",
        key="batch-apply",
        on_click=_apply,
        args=(queue, chosen, field, way, key),
    )


def _apply(queue: ImportQueue, chosen: Sequence[Draft], field: str, way: str, key: str) -> None:
    value = typed(st.session_state.get(key))
    if field == "kind" and value is None:
        st.session_state.setdefault("problems", []).append("Choose a category first: every garment has one.")
        return
    value = value.isoformat() if hasattr(value, "isoformat") else value
    changed = page.change(change_field, queue, chosen, field, value, way)
    if changed is not None:
        page.tell(f"{edits.FIELDS[field]} changed on {count(changed, 'garment')}")
