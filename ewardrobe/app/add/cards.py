"""The cards of the page Add garments: one for each draft, with what can be corrected about it, or about many."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import Visit
from ewardrobe.app.add.repair import start_repair
from ewardrobe.app.fields import showing, typed
from ewardrobe.app.wardrobe.bulk import change_form
from ewardrobe.app.wardrobe.item_fields import heading
from ewardrobe.core.drawing import card_picture
from ewardrobe.core.images import ImageError
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments import attributes
from ewardrobe.garments.colours import joined
from ewardrobe.garments.draft import CHOICES, Draft, Twin, item_of, said_of
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.garments.repair import Repair
from ewardrobe.garments.review import change_field
from ewardrobe.wardrobe import edits
from ewardrobe.wardrobe.fields import FIELD
from ewardrobe.wardrobe.naming import called
from ewardrobe.wardrobe.sources import LEARNED
from ewardrobe.wardrobe.vocabulary import KINDS, words_for

CARDS_IN_A_ROW, CARDS_ON_A_PAGE = 2, 24
LEAST_SHARE = 0.02
"""Colours of less than this share of a garment are not worth a line."""

DOT = f"display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.35em;{page.RIM}"
NAMES = "display:flex;flex-wrap:wrap;gap:0 .8rem;margin-top:.4rem;font-size:.8rem;line-height:1.3rem;height:2.6rem"

WIDE = ("type", "material")
"""Names too long for half a card; open questions get the whole width too."""

TWIN_HELP = (
    "Keep both: two items. Same as this one: no new item; what the one in the wardrobe lacks is filled in. "
    "Skip: this one is left out."
)


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
    queue = desk.queue
    st.image(small_picture(queue, draft, 320 if names is None else 280, not draft.saved), width="stretch")
    sure = f"{draft.score:.0%} sure" if draft.score is not None else "By hand"
    box = showing(f"kind-{draft.id}", draft.kind, partial(_say, queue, draft.id, "kind"))
    st.selectbox(sure, KINDS, disabled=not draft.keep, format_func=words_for("kind"), **box)
    if names is None:
        st.html(_swatches_html(draft))
        _attribute_boxes(queue, _told(queue, draft))
    else:
        st.caption(_facts(draft, names[draft.photo]))
    if draft.twin and draft.keep:
        _twin_notice(desk, draft, draft.twin)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        if names is None:
            box = showing(f"keep-{draft.id}", draft.keep, partial(_set, queue, draft.id, "keep"))
            st.checkbox("Keep", **box)
        else:
            box = showing(f"pick-{draft.id}", draft.id in desk.visit.chosen, partial(_pick, desk.visit, draft.id))
            st.checkbox("Choose" if draft.saved else "Left out", **box)
        about = "Repair the cut-out"
        page.button("", f"repair-{draft.id}", "brush", _repair, queue, draft, help=about, disabled=not draft.keep)


def _attribute_boxes(queue: ImportQueue, draft: Draft) -> None:
    """Show a select box for each attribute; empty, with the guess as a suggestion, where the app asks."""
    names = ["type", *(name for name in LEARNED if name != "type" and (name != "sleeve" or name in draft.answers))]
    # By what was asked, not by what was answered: an answer moves no box.
    beside = [name for name in names if name not in WIDE and draft.told.get(name, (None,))[0] is not None]
    with st.container(horizontal=True):  # beside each other where the card is wide enough
        for name in beside:
            _attribute_box(queue, draft, name)
    for name in names:
        if name not in beside:
            _attribute_box(queue, draft, name)


def _attribute_box(queue: ImportQueue, draft: Draft, name: str) -> None:
    value, source = draft.answers.get(name, (None, None))
    label, hint = heading({name: value, "source": {name: source}}, FIELD[name])
    choices = FIELD[name].choices
    if name == "type":
        choices = tuple(dict.fromkeys((*draft.names, *((value,) if value else ()))))
    box = showing(f"{name}-{draft.id}", value if value in choices else None, partial(_say, queue, draft.id, name))
    look: dict[str, Any] = {"placeholder": hint, "disabled": not draft.keep, "accept_new_options": FIELD[name].free}
    st.selectbox(label, choices, None, str if FIELD[name].free else words_for(name), **look, **box)


def _twin_notice(desk: Desk, draft: Draft, twin: Twin) -> None:
    picture: np.ndarray | str | None = None
    if twin.in_queue:
        name = "a garment of this import"
        if other := desk.drafts.get(twin.id):
            picture = small_picture(desk.queue, other, 112)
    else:
        item = desk.frame.loc[twin.id] if twin.id in desk.frame.index else {}
        name = f"{page.literal(called(item))} in your wardrobe"
        picture = page.picture_url(desk.store, item, 112)
    text = "This photo is in your wardrobe already" if twin.same_photo else f"Looks like {name}"
    left, right = st.columns([1, 3], gap="small", vertical_alignment="center")
    if picture is not None:
        left.image(picture, width="stretch")
    box = showing(f"twin-{draft.id}", draft.decision, partial(_set, desk.queue, draft.id, "choice"))
    right.caption(f":orange[:material/content_copy:] {text}", help=TWIN_HELP)
    st.selectbox("What becomes of it?", CHOICES, label_visibility="collapsed", **box)


# Many at a glance


def at_a_glance(desk: Desk, drafts: Sequence[Draft], names: Mapping[str, str]) -> None:
    """Show the drafts as small cards, and what can be done with those that are chosen; names: of photos by key."""
    if drafts:
        _choice_bar(desk, drafts, [draft for draft in drafts if draft.id in desk.visit.chosen])
        card_grid(desk, page.one_page(drafts, CARDS_ON_A_PAGE, "garments"), names)


def _choice_bar(desk: Desk, drafts: Sequence[Draft], chosen: Sequence[Draft]) -> None:
    visit, queue, ids = desk.visit, desk.queue, [draft.id for draft in chosen]
    with st.container(horizontal=True, vertical_alignment="center"):
        page.button("Choose all", "choose-all", None, _choose, visit, [draft.id for draft in drafts])
        page.button("None", "choose-none", None, _choose, visit, [], disabled=not chosen)
        st.markdown(f"{len(chosen)} chosen", width="content")
        st.space("stretch")
        with st.popover("Change a field", icon=":material/edit:", key="batch", disabled=not chosen):
            change_form(desk.frame, "batch", page.count(len(chosen), "garment"), partial(_change_field, queue, chosen))
        for label, icon, keep in (("Leave out", "visibility_off", False), ("Take back", "visibility", True)):
            page.button(label, f"batch-keep-{keep}", icon, _keep, queue, ids, keep, disabled=not ids)


def _choose(visit: Visit, ids: Iterable[str]) -> None:
    visit.chosen = set(ids)


def _keep(queue: ImportQueue, ids: Sequence[str], keep: bool) -> None:
    queue.edit(ids, lambda draft: replace(draft, keep=keep))


def _change_field(queue: ImportQueue, chosen: Sequence[Draft], field: str, value: Any, way: str) -> None:
    changed = change_field(queue, chosen, field, value, way)
    page.tell(f"{edits.FIELDS[field]} changed on {page.count(changed, 'garment')}")


# What the owner says


def _say(queue: ImportQueue, draft_id: str, name: str, value: str | None) -> None:
    """Take the owner's word on kind or attribute; without one the network's holds again."""
    try:
        value = typed(name, value) if name == "type" else value
    except ValueError as error:
        page.complain(error)
        return
    page.change(queue.edit, [draft_id], lambda draft: said_of(draft, name, value))


def _set(queue: ImportQueue, draft_id: str, name: str, value: Any) -> None:
    page.change(queue.edit, [draft_id], lambda draft: replace(draft, **{name: value}))


def _pick(visit: Visit, draft_id: str, picked: bool) -> None:
    (visit.chosen.add if picked else visit.chosen.discard)(draft_id)


def _repair(queue: ImportQueue, draft: Draft) -> None:
    """Open the dialog; the steps of the last repair can still be undone, what is cancelled leaves none."""
    score = 1.0 if draft.score is None else draft.score
    bench = Repair(queue.image(draft), draft.category_id, score, list(draft.outlines))
    start_repair(bench, f"repairing-{draft.id}", lambda cut: page.change(queue.recut, draft, bench.steps, cut))


# What a card shows


PRINTS: dict[str | type, Callable[[Any], Any]] = {
    ImportQueue: lambda queue: str(queue.folder),
    Draft: lambda draft: (draft.photo, draft.id, draft.outline["counts"]),
}
"""What stands for the state of a cut-out's file."""


@st.cache_data(show_spinner=False, max_entries=1000, hash_funcs=PRINTS)
def small_picture(queue: ImportQueue, draft: Draft, side: int = 160, dimmed: bool = False) -> np.ndarray:
    """Return a draft's cut-out on a checkerboard, RGB uint8 (side, side, 3)."""
    try:
        cutout = queue.cutout(draft)
    except ImageError:  # its photo is gone; saving says so
        cutout = np.zeros((8, 8, 4), np.uint8)
    return card_picture(cutout, side, side, dimmed)


def _told(queue: ImportQueue, draft: Draft) -> Draft:
    """Return the draft with the network's guesses, asked where its category was corrected."""
    category_id = INSTANCE_ID_BY_WORD.get(draft.kind)
    if category_id is None or str(category_id) in draft.guesses:
        return draft
    return replace(draft, guesses=draft.guesses | {str(category_id): _guesses(queue, draft, category_id)})


@st.cache_data(show_spinner=False, max_entries=500, hash_funcs=PRINTS)
def _guesses(queue: ImportQueue, draft: Draft, category_id: int) -> dict:
    try:
        return attributes.guess(queue.cutout(draft), category_id)
    except ImageError:
        return {}


def _facts(draft: Draft, name: str) -> str:
    """Return the line under a small card: colour, what the owner said, its photo's ``name``."""
    said = [draft.fields.get(field) for field in ("brand", "size")]
    line = " · ".join(str(part) for part in (called(item_of(draft)), *said, *(draft.fields.get("tags") or [])) if part)
    return f"{page.literal(line)}  \n{page.literal(Path(name).name)}"


def _swatches_html(draft: Draft) -> str:
    shades = draft.colour_shares
    colours = [colour for colour in joined(shades) if colour.share >= LEAST_SHARE]
    names = "".join(
        f'<span title="{colour.css}, {", ".join(colour.terms)}, {colour.hex}">'
        f'<i style="{DOT};background:{colour.hex}"></i>{colour.name}&nbsp;{colour.share:.0%}</span>'
        for colour in colours
    )
    bar = page.colour_bar((shade.hex, shade.share) for shade in shades if shade.share >= LEAST_SHARE)
    return f'{bar}<div style="{NAMES}">{names}</div>'
