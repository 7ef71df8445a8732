"""The cards of the page Add garments: one for each draft, with what can be corrected about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.attributes import attribute_boxes
from ewardrobe.app.add.intake import Visit
from ewardrobe.app.add.repair import start_repair
from ewardrobe.app.add.twins import twin_notice
from ewardrobe.app.fields import showing
from ewardrobe.core.drawing import card_picture
from ewardrobe.core.images import ImageError
from ewardrobe.core.taxonomy import CATEGORY_ID_BY_NAME
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import attributes
from ewardrobe.garments.draft import Draft
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.garments.repair import Repair
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS

CARDS_IN_A_ROW = 2
LEAST_SHARE = 0.02
"""Colours of less than this share of a garment are not worth a line."""

_RIM = "border:1px solid rgba(128,128,128,.4)"
BAR = f"display:flex;height:10px;border-radius:5px;overflow:hidden;{_RIM}"
DOT = f"display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.35em;{_RIM}"
NAMES = "display:flex;flex-wrap:wrap;gap:0 .8rem;margin-top:.4rem;font-size:.8rem;line-height:1.3rem;height:2.6rem"


@dataclass(frozen=True)
class Desk:
    """What every card is shown with: visit, wardrobe (and as a table), queue, the drafts under review by id."""

    visit: Visit
    store: FeatureStore
    queue: ImportQueue
    frame: pd.DataFrame
    drafts: Mapping[str, Draft]


def card_grid(desk: Desk, drafts: Sequence[Draft], names: Mapping[str, str] | None = None) -> None:
    """Show the cards of ``drafts``, with everything about them.

    names: of the photos by key; with them the cards are small, say which photo they are of, and can be chosen.
    """
    in_a_row = CARDS_IN_A_ROW if names is None else 2 * CARDS_IN_A_ROW
    for start in range(0, len(drafts), in_a_row):
        for column, draft in zip(st.columns(in_a_row), drafts[start : start + in_a_row], strict=False):
            with column.container(border=True, key=f"card-{draft.id}"):
                _card(desk, draft, names)


def _card(desk: Desk, draft: Draft, names: Mapping[str, str] | None) -> None:
    st.image(small_picture(desk.queue, draft, 320 if names is None else 280, not draft.saved), width="stretch")
    st.selectbox(
        f"{draft.score:.0%} sure" if draft.score is not None else "By hand",
        KINDS,
        disabled=not draft.keep,
        **showing(f"kind-{draft.id}", draft.kind, partial(_rename, desk.queue, draft.id)),
    )
    if names is None:
        st.html(swatches_html(draft))
        attribute_boxes(_told(desk.queue, draft), partial(_say, desk.queue, draft.id))
    else:
        st.caption(facts(draft, names[draft.photo]))
    if draft.twin and draft.keep:
        _twin(desk, draft)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if names is None:
            st.checkbox("Keep", **showing(f"keep-{draft.id}", draft.keep, partial(_keep, desk.queue, draft.id)))
        else:
            box = showing(f"pick-{draft.id}", draft.id in desk.visit.chosen, partial(_pick, desk.visit, draft.id))
            st.checkbox("Choose" if draft.saved else "Left out", **box)
        st.button(
            "",
            icon=":material/brush:",
            key=f"repair-{draft.id}",
            help="Repair the cut-out",
            disabled=not draft.keep,
            on_click=_repair,
            args=(desk.queue, draft),
        )


def _rename(queue: ImportQueue, draft_id: str, chosen: str) -> None:
    page.change(queue.edit, [draft_id], lambda draft: replace(draft, fields=draft.fields | kind_fields(chosen)))


def _say(queue: ImportQueue, draft_id: str, name: str, value: str | None) -> None:
    """Take the owner's word on an attribute; without one the network's holds again."""

    def alter(draft: Draft) -> Draft:
        others = {other: said for other, said in draft.fields.items() if other != name}
        return replace(draft, fields=others | ({name: value} if value else {}))

    page.change(queue.edit, [draft_id], alter)


def _keep(queue: ImportQueue, draft_id: str, keep: bool) -> None:
    page.change(queue.edit, [draft_id], lambda draft: replace(draft, keep=keep))


def _pick(visit: Visit, draft_id: str, picked: bool) -> None:
    (visit.chosen.add if picked else visit.chosen.discard)(draft_id)


def _repair(queue: ImportQueue, draft: Draft) -> None:
    """Open the dialog (callback); the steps of the last repair can still be undone, what is cancelled leaves none."""
    try:
        image = queue.image(draft)
    except ImageError as error:
        st.session_state.setdefault("problems", []).append(page.literal(str(error)))
        return
    score = 1.0 if draft.score is None else draft.score
    bench = Repair(image, draft.category_id, score, list(draft.outlines))
    start_repair(bench, f"repairing-{draft.id}", lambda cut: page.change(queue.recut, draft, bench.steps, cut))


def _twin(desk: Desk, draft: Draft) -> None:
    """Show what the garment seems to be again, with the choice of what becomes of it."""
    twin = draft.twin
    if twin.in_queue:
        other = desk.drafts.get(twin.id)
        picture, name = (small_picture(desk.queue, other, 112) if other else None), "a garment of this import"
    else:
        item = desk.frame.loc[twin.id] if twin.id in desk.frame.index else {}
        picture = page.picture_url(desk.store, item, 112)
        name = f"{page.literal(item.get('type') or 'an item')} in your wardrobe"
    text = "This photo is in your wardrobe already" if twin.same_photo else f"Looks like {name}"

    def decide(choice: str) -> None:
        page.change(desk.queue.edit, [draft.id], lambda draft: replace(draft, choice=choice))

    twin_notice(text, picture, draft.decision, f"twin-{draft.id}", decide)


# What a card shows


def small_picture(queue: ImportQueue, draft: Draft, side: int = 160, dimmed: bool = False) -> np.ndarray:
    """Return a draft's cut-out on a checkerboard, RGB uint8 (side, side, 3)."""
    return _picture(queue, draft, str(queue.cutout_path(draft)), draft.outline["counts"], side, dimmed)


@st.cache_data(show_spinner=False, max_entries=1000)
def _picture(_queue: ImportQueue, _draft: Draft, path: str, outline: str, side: int, dimmed: bool) -> np.ndarray:
    """Draw a card's picture; path and outline stand for the state of the file."""
    try:
        cutout = _queue.cutout(_draft)
    except ImageError:  # its photo is gone; saving says so
        cutout = np.zeros((8, 8, 4), np.uint8)
    return card_picture(cutout, side, side, dimmed)


def _told(queue: ImportQueue, draft: Draft) -> Draft:
    """Return the draft with the network's guesses, asked where its category was corrected."""
    category_id = CATEGORY_ID_BY_NAME.get(draft.kind)
    if category_id is None or str(category_id) in draft.guesses:
        return draft
    guesses = _guesses(queue, draft, str(queue.cutout_path(draft)), draft.outline["counts"], category_id)
    return replace(draft, guesses=draft.guesses | {str(category_id): guesses})


@st.cache_data(show_spinner=False, max_entries=500)
def _guesses(_queue: ImportQueue, _draft: Draft, path: str, outline: str, category_id: int) -> dict:
    """Ask the network; path and outline stand for the state of the file."""
    try:
        return attributes.guess(_queue.cutout(_draft), category_id)
    except ImageError:
        return {}


def facts(draft: Draft, name: str) -> str:
    """Return the line under a small card: colour, what the owner said, its photo's ``name``."""
    said = [draft.fields.get(field) for field in ("type", "brand", "size")]
    colour = draft.fields.get("colour", draft.colour)
    line = " · ".join(str(part) for part in (colour, *said, *(draft.fields.get("tags") or [])) if part)
    return page.literal(line) + "  \n" + page.literal(Path(name).name)


def swatches_html(draft: Draft) -> str:
    """Return the draft's colours: a bar of their shares, and their names below it."""
    colours = [colour for colour in draft.colour_shares if colour.share >= LEAST_SHARE]
    bar = "".join(f'<span style="flex:{colour.share:.3f};background:{colour.hex}"></span>' for colour in colours)
    names = "".join(
        f'<span title="{colour.css}, {", ".join(colour.terms)}, {colour.hex}">'
        f'<i style="{DOT};background:{colour.hex}"></i>{colour.name}&nbsp;{colour.share:.0%}</span>'
        for colour in colours
    )
    return f'<div style="{BAR}">{bar}</div><div style="{NAMES}">{names}</div>'
