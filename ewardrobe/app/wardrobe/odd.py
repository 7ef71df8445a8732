"""Changes that look like a slip, a price a hundred times as large: they are shown before they are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.wardrobe.fields import FIELD, is_odd, shown
from ewardrobe.wardrobe.naming import called

Changes = Mapping[str, Mapping[str, Any]]
"""By the item's id the fields that change, as they are to be stored."""


@dataclass(frozen=True)
class OddChange:
    """A change that waits for the owner's word; save: writes it."""

    item_id: str
    name: str
    field: str
    before: Any
    after: Any
    save: Callable[[Changes], object]


def keep_or_ask(store: FeatureStore, changes: Changes, save: Callable[[Changes], object]) -> None:
    """Call ``save`` with the changes that look right, and keep the others for ``ask_odd``."""
    items = {item["id"]: item for item in store.items() if item["id"] in changes}
    right: dict[str, dict[str, Any]] = {}
    for item_id, fields in changes.items():
        item = items.get(item_id, {})
        for field, after in fields.items():
            if is_odd(field, item.get(field), after):
                odd = OddChange(item_id, called(item), field, item.get(field), after, save)
                st.session_state.setdefault("odd", {})[item_id, field] = odd
            else:
                right.setdefault(item_id, {})[field] = after
    if right:
        save(right)


def ask_odd() -> None:
    """Show the changes that wait, each with its two buttons; nothing where none does."""
    for (item_id, field), odd in st.session_state.get("odd", {}).items():
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            change = f"{FIELD[field].label} {shown(field, odd.before)} → {shown(field, odd.after)}"
            st.markdown(f":material/help: **{page.literal(odd.name)}**: {page.literal(change)}. Is that right?")
            st.space("stretch")
            page.button("Yes, change it", f"odd-keep-{item_id}-{field}", None, _settle, odd, True, type="primary")
            page.button("No, leave it", f"odd-leave-{item_id}-{field}", None, _settle, odd, False)


def _settle(odd: OddChange, keep: bool) -> None:
    del st.session_state["odd"][odd.item_id, odd.field]
    if keep:
        odd.save({odd.item_id: {odd.field: odd.after}})
