"""The cards of the page Outfits: a collage, the reasons, and what can be done with an outfit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.live.rack import OUTFIT_KEY
from ewardrobe.app.outfits.suggestions import OutfitContext, shuffle
from ewardrobe.feature_store import wearing
from ewardrobe.outfits.collage import collage_html, names, reasons_html
from ewardrobe.outfits.grammar import in_order, listed, name_of
from ewardrobe.outfits.suggest import Outfit
from ewardrobe.wardrobe import wear_log
from ewardrobe.wardrobe.naming import told_apart


def suggestion_cards(closet: OutfitContext, outfits: Iterable[Outfit]) -> None:
    """Show suggestions as cards in as many columns as there is room for."""
    outfits = [outfit for outfit in outfits if len(closet.present(outfit.ids)) == len(outfit.ids)]
    labels = told_apart(item for outfit in outfits for item in closet.present(outfit.ids))
    with st.grid(min_column_width=240):
        for outfit in outfits:
            key = "-".join(outfit.ids)
            with st.container(border=True, height="stretch", key=f"card-{key}"):
                _suggestion(closet, outfit, key, labels)


def _suggestion(closet: OutfitContext, outfit: Outfit, key: str, labels: Mapping[str, str]) -> None:
    items = closet.present(outfit.ids)
    st.html(collage_html(items, closet.picture))
    st.markdown(f"**{page.literal(_title(items, labels))}**")
    st.html(reasons_html(outfit.reasons, outfit.score))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _rating(closet, outfit, key)
        wear_button(closet, outfit.ids, key)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        with st.popover("Save", icon=":material/bookmark:", key=f"save-{key}"):
            st.text_input("Name", key=f"name-{key}", placeholder=suggested_name(items))
            page.button("Save outfit", f"keep-{key}", None, _keep, closet, outfit.ids, key, type="primary")
            st.divider()
            plan_form(closet, outfit.ids, key)
        _reshuffle(items, key)
        try_on_button(closet, outfit.ids, key)


def _title(items: Sequence[Mapping], labels: Mapping[str, str]) -> str:
    text = names(items, labels)
    return text[:1].upper() + text[1:]


def _rating(closet: OutfitContext, outfit: Outfit, key: str) -> None:
    ids = sorted(outfit.ids)
    before = next((entry["liked"] for entry in closet.document["feedback"] if entry["items"] == ids), None)
    for liked, icon, label in ((True, "thumb_up", "Like"), (False, "thumb_down", "Dislike")):
        look = {"help": label, "said": "Liked" if liked else "Disliked: it will not come again"}
        if before is liked:
            again = f"{label}d; press again to take it back"
            look = {"help": again, "said": "The rating is taken back", "type": "primary"}
        args = (closet, outfit, None if before is liked else liked)
        page.button("", f"{label.lower()}-{key}", icon, _rate, *args, **look)


def _rate(closet: OutfitContext, outfit: Outfit, liked: bool | None) -> None:
    closet.book.rate(outfit.ids, liked, outfit.terms, page.today())  # of the click: the page may be of yesterday


def wear_button(closet: OutfitContext, item_ids: Sequence[str], key: str, outfit_id: str | None = None) -> None:
    """Show "Wear today"; where all of it is in today's wear log already, the button that takes it out again."""
    items, today = closet.present(item_ids), page.today().isoformat()
    outfit_id = outfit_id or _saved_id(closet, item_ids)
    if items and all(today in wear_log.days_worn(item) for item in items):
        args = (closet.store, item_ids, page.today(), outfit_id)
        look = {"said": "Taken out of the wear log", "help": "Press to take it out of the wear log again"}
        page.button("Worn today", f"worn-{key}", "check", wearing.undo_wear, *args, **look)
    else:
        page.button("Wear today", f"wear-{key}", "today", _wear, closet, item_ids, outfit_id)


def _saved_id(closet: OutfitContext, item_ids: Sequence[str]) -> str | None:
    saved = closet.document["outfits"]
    return next((outfit["id"] for outfit in saved if set(outfit["items"]) == set(item_ids)), None)


def _wear(closet: OutfitContext, item_ids: Sequence[str], outfit_id: str | None) -> None:
    if logged := wearing.log_wear(closet.store, item_ids, page.today(), outfit_id):
        page.tell(f"In the wear log of today: {len(logged)} pieces")


def try_on_button(closet: OutfitContext, item_ids: Sequence[str], key: str) -> None:
    """Show the button that opens the live page with the outfit on."""
    clothes = any(item.get("category_id") and item.get("image") for item in closet.present(item_ids))
    told = "See it on you, in the camera's picture" if clothes else "None of its garments has a cut-out to be put on"
    if st.button("Try on", icon=":material/videocam:", key=f"try-{key}", help=told, disabled=not clothes):
        st.session_state[OUTFIT_KEY] = list(item_ids)
        page.go("live_try_on")


def plan_form(closet: OutfitContext, item_ids: Sequence[str], key: str, outfit_id: str | None = None) -> None:
    """Show a day and the button that plans an outfit for it."""
    st.date_input("Day", page.today(), min_value=page.today(), key=f"day-{key}", format="YYYY-MM-DD")
    args = (closet, item_ids, f"day-{key}", outfit_id)
    page.button("Plan for this day", f"plan-{key}", None, plan, *args, width="stretch")


def suggested_name(items: Iterable[Mapping]) -> str:
    """Return a name for an outfit that was given none.

    >>> suggested_name([{"type": "jeans", "category_id": 8, "id": "1"}, {"type": "coat", "category_id": 4, "id": "2"}])
    'coat and jeans'
    """
    return listed(name_of(item) for item in in_order(items) if item.get("category_id")) or "outfit"


def _keep(closet: OutfitContext, item_ids: Sequence[str], key: str) -> None:
    name = st.session_state.get(f"name-{key}") or suggested_name(closet.present(item_ids))
    closet.book.save(name, item_ids)
    page.tell(f"Saved: {page.literal(name)}")


def plan(closet: OutfitContext, item_ids: Sequence[str], day_key: str, outfit_id: str | None = None) -> None:
    """Plan an outfit for the day that the widget ``day_key`` holds; for a callback."""
    day = st.session_state.get(day_key)
    if day is None:
        page.tell("Choose a day first")
        return
    closet.book.plan(day, list(item_ids), outfit_id or _saved_id(closet, item_ids))
    page.tell(f"Planned for {page.day_words(day)}")


def _reshuffle(items: Sequence[Mapping], key: str) -> None:
    with st.popover("", icon=":material/lock:", key=f"lock-{key}", help="Keep some pieces, shuffle the rest"):
        labels = {item["id"]: page.literal(name_of(item)) for item in items}
        kept = f"pills-{key}"
        look: dict[str, Any] = {"selection_mode": "multi", "format_func": labels.__getitem__, "default": []}
        st.pills("Keep these", list(labels), key=kept, **look)
        page.button("Shuffle the rest", f"mix-{key}", None, shuffle, kept, type="primary")
