"""The cards of the page Outfits: a collage, the reasons, and what can be done with an outfit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.live.outfit import OUTFIT_KEY
from ewardrobe.app.outfits.suggestions import OutfitContext, label_of, shuffle
from ewardrobe.feature_store import wearing
from ewardrobe.outfits.collage import collage_html, names, reasons_html
from ewardrobe.outfits.grammar import in_order, listed, name_of
from ewardrobe.outfits.suggest import Outfit
from ewardrobe.wardrobe import wear_log


def suggestion_cards(closet: OutfitContext, outfits: Iterable[Outfit]) -> None:
    """Show suggestions as cards in as many columns as there is room for."""
    with st.grid(min_column_width=240):
        for outfit in outfits:
            if len(closet.present(outfit.ids)) == len(outfit.ids):
                with st.container(border=True, height="stretch", key=f"card-{_key(outfit.ids)}"):
                    _suggestion(closet, outfit)


def _suggestion(closet: OutfitContext, outfit: Outfit) -> None:
    items, key = closet.present(outfit.ids), _key(outfit.ids)
    st.html(collage_html(items, closet.picture))
    st.markdown(f"**{page.literal(names(items))}**")
    st.html(reasons_html(outfit.reasons, outfit.score))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _rating(closet, outfit, key)
        wear_button(closet, outfit.ids, key)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        _save(closet, outfit, key)
        _reshuffle(items, key)
        try_on_button(closet, outfit.ids, key)


def _key(item_ids: Sequence[str]) -> str:
    return "-".join(item_ids)


def _rating(closet: OutfitContext, outfit: Outfit, key: str) -> None:
    ids = sorted(outfit.ids)
    before = next((entry["liked"] for entry in closet.document["feedback"] if entry["items"] == ids), None)
    for liked, icon, label in ((True, "thumb_up", "Like"), (False, "thumb_down", "Dislike")):
        st.button(
            "",
            icon=f":material/{icon}:",
            key=f"{label.lower()}-{key}",
            type="primary" if before is liked else "secondary",
            help=f"{label}d; press again to take it back" if before is liked else label,
            on_click=_rate,
            args=(closet, outfit, None if before is liked else liked),
        )


def _rate(closet: OutfitContext, outfit: Outfit, liked: bool | None) -> None:
    said = {True: "Liked", False: "Disliked: it will not come again", None: "The rating is taken back"}[liked]
    page.change(closet.book.rate, outfit.ids, liked, outfit.terms, date.today(), said=said)


def wear_button(closet: OutfitContext, item_ids: Sequence[str], key: str, outfit_id: str | None = None) -> None:
    """Show "Wear today"; where all of it is in today's wear log already, the button that takes it out again."""
    items, today = closet.present(item_ids), date.today().isoformat()
    args = (closet, item_ids, outfit_id or _saved_id(closet, item_ids))
    if items and all(today in wear_log.days_worn(item) for item in items):
        words, icon = "Press to take it out of the wear log again", ":material/check:"
        st.button("Worn today", icon=icon, key=f"worn-{key}", help=words, on_click=_not_worn, args=args)
    else:
        st.button("Wear today", icon=":material/today:", key=f"wear-{key}", on_click=_wear, args=args)


def _saved_id(closet: OutfitContext, item_ids: Sequence[str]) -> str | None:
    """Return the id of the saved outfit of just these pieces."""
    saved = closet.document["outfits"]
    return next((outfit["id"] for outfit in saved if set(outfit["items"]) == set(item_ids)), None)


def _wear(closet: OutfitContext, item_ids: Sequence[str], outfit_id: str | None) -> None:
    logged = page.change(wearing.log_wear, closet.store, item_ids, date.today(), outfit_id)
    if logged:
        page.tell(f"In the wear log of today: {len(logged)} pieces")


def _not_worn(closet: OutfitContext, item_ids: Sequence[str], outfit_id: str | None) -> None:
    page.change(wearing.undo_wear, closet.store, item_ids, date.today(), outfit_id, said="Taken out of the wear log")


def try_on_button(closet: OutfitContext, item_ids: Sequence[str], key: str) -> None:
    """Show the button that opens the live page with the outfit on."""
    clothes = any(item.get("category_id") and item.get("image") for item in closet.present(item_ids))
    told = "See it on you, in the camera's picture" if clothes else "None of its garments has a cut-out to be put on"
    if st.button("Try on", icon=":material/videocam:", key=f"try-{key}", help=told, disabled=not clothes):
        st.session_state[OUTFIT_KEY] = list(item_ids)
        page.go("live_try_on")


def _save(closet: OutfitContext, outfit: Outfit, key: str) -> None:
    with st.popover("Save", icon=":material/bookmark:", key=f"save-{key}"):
        st.text_input("Name", key=f"name-{key}", placeholder=suggested_name(closet.present(outfit.ids)))
        st.button("Save outfit", type="primary", key=f"keep-{key}", on_click=_keep, args=(closet, outfit.ids, key))
        st.divider()
        plan_form(closet, outfit.ids, key)


def plan_form(closet: OutfitContext, item_ids: Sequence[str], key: str, outfit_id: str | None = None) -> None:
    """Show a day and the button that plans an outfit for it."""
    st.date_input("Day", "today", min_value="today", key=f"day-{key}", format="YYYY-MM-DD")
    args = (closet, item_ids, f"day-{key}", outfit_id)
    st.button("Plan for this day", key=f"plan-{key}", on_click=plan, args=args, width="stretch")


def suggested_name(items: Iterable[Mapping]) -> str:
    """Return a name for an outfit that was given none.

    >>> suggested_name([{"type": "jeans", "category_id": 8, "id": "1"}, {"type": "coat", "category_id": 4, "id": "2"}])
    'coat and jeans'
    """
    return listed(name_of(item) for item in in_order(items) if item.get("category_id")) or "outfit"


def _keep(closet: OutfitContext, item_ids: Sequence[str], key: str) -> None:
    name = st.session_state.get(f"name-{key}") or suggested_name(closet.present(item_ids))
    page.change(closet.book.save, name, item_ids, said=f"Saved: {page.literal(name)}")


def plan(closet: OutfitContext, item_ids: Sequence[str], day_key: str, outfit_id: str | None = None) -> None:
    """Plan an outfit for the day that the widget ``day_key`` holds; for a callback."""
    day = st.session_state.get(day_key)
    if day is None:
        page.tell("Choose a day first")
        return
    chosen = outfit_id or _saved_id(closet, item_ids)
    page.change(closet.book.plan, day, list(item_ids), chosen, said=f"Planned for {day:%A, %d %B}")


def _reshuffle(items: Sequence[Mapping], key: str) -> None:
    with st.popover("", icon=":material/lock:", key=f"lock-{key}", help="Keep some pieces, shuffle the rest"):
        labels = {item["id"]: label_of(item) for item in items}
        st.pills(
            "Keep these",
            list(labels),
            selection_mode="multi",
            format_func=labels.__getitem__,
            key=f"pills-{key}",
            default=[],
        )
        st.button("Shuffle the rest", type="primary", key=f"mix-{key}", on_click=shuffle, args=(f"pills-{key}",))
