"""The drafts at a glance: small cards of all photos, chosen, and one field changed on many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.cards import Desk, card_grid
from ewardrobe.app.add.intake import Visit
from ewardrobe.app.wardrobe.bulk import change_form
from ewardrobe.garments.draft import Draft
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.garments.review import change_field
from ewardrobe.wardrobe import edits

PAGE_LENGTH = 24


def at_a_glance(desk: Desk, drafts: Sequence[Draft], names: Mapping[str, str]) -> None:
    """Show the drafts as small cards, and what can be done with those that are chosen; names: of photos by key."""
    if drafts:
        _choice_bar(desk, drafts, [draft for draft in drafts if draft.id in desk.visit.chosen])
        card_grid(desk, page.one_page(drafts, PAGE_LENGTH, "garments"), names)


def _choice_bar(desk: Desk, drafts: Sequence[Draft], chosen: Sequence[Draft]) -> None:
    visit, queue, ids = desk.visit, desk.queue, [draft.id for draft in chosen]
    with st.container(horizontal=True, vertical_alignment="center"):
        page.button("Choose all", "choose-all", None, _choose, visit, [draft.id for draft in drafts])
        page.button("None", "choose-none", None, _choose, visit, [], disabled=not chosen)
        st.markdown(f"{len(chosen)} chosen", width="content")
        st.space("stretch")
        with st.popover("Change a field", icon=":material/edit:", key="batch", disabled=not chosen):
            change_form(desk.frame, "batch", page.count(len(chosen), "garment"), partial(_change, queue, chosen))
        for label, icon, keep in (("Leave out", "visibility_off", False), ("Take back", "visibility", True)):
            page.button(label, f"batch-keep-{keep}", icon, _keep, queue, ids, keep, disabled=not ids)


def _choose(visit: Visit, ids: Iterable[str]) -> None:
    visit.chosen = set(ids)


def _keep(queue: ImportQueue, ids: Sequence[str], keep: bool) -> None:
    queue.edit(ids, lambda draft: replace(draft, keep=keep))


def _change(queue: ImportQueue, chosen: Sequence[Draft], field: str, value: Any, way: str) -> None:
    changed = change_field(queue, chosen, field, value, way)
    page.tell(f"{edits.FIELDS[field]} changed on {page.count(changed, 'garment')}")
