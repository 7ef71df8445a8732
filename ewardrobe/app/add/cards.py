"""The cards of the page Add garments: one for each garment, with what can be corrected about it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from ewardrobe.app.add.attributes import attribute_boxes
from ewardrobe.app.add.intake import Looked, Visit, edit_key
from ewardrobe.app.add.repair import start_repair
from ewardrobe.app.add.twins import item_with, twin_notice, twin_of
from ewardrobe.app.fields import showing
from ewardrobe.app.page import literal, picture_url
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import Card, Edit, card_picture
from ewardrobe.garments.repair import Repair
from ewardrobe.garments.saving import BOTH
from ewardrobe.wardrobe.item import KINDS

CARDS_IN_A_ROW = 2
LEAST_SHARE = 0.02
"""Colours of less than this share of a garment are not worth a line."""

_RIM = "border:1px solid rgba(128,128,128,.4)"
BAR = f"display:flex;height:10px;border-radius:5px;overflow:hidden;{_RIM}"
DOT = f"display:inline-block;width:.7em;height:.7em;border-radius:50%;margin-right:.35em;{_RIM}"
NAMES = "display:flex;flex-wrap:wrap;gap:0 .8rem;margin-top:.4rem;font-size:.8rem;line-height:1.3rem;height:2.6rem"


def card_grid(visit: Visit, looked: Looked) -> None:
    """Show the garments of one photo, each to be kept, renamed, repaired or left out."""
    for start in range(0, len(looked.cards), CARDS_IN_A_ROW):
        row = looked.cards[start : start + CARDS_IN_A_ROW]
        for column, card in zip(st.columns(CARDS_IN_A_ROW), row, strict=False):
            with column.container(border=True):
                _card(visit, looked, card)


def _card(visit: Visit, looked: Looked, card: Card) -> None:
    full = edit_key(looked.photo, looked.model, card.key)
    base, edit = f"{full}-{visit.number}", partial(_edit, visit, full, card.edit)
    st.image(card_picture(card.garment.cutout, dimmed=not card.edit.keep), width="stretch")
    st.selectbox(
        f"{card.score:.0%} sure" if card.score is not None else "By hand",
        KINDS,
        disabled=not card.edit.keep,
        **showing(f"kind-{base}", card.kind, partial(edit, "kind")),
    )
    st.html(swatches_html(card))
    attribute_boxes(card, base, edit)
    _twin(visit, full, card, base)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.checkbox("Keep", **showing(f"keep-{base}", card.edit.keep, partial(edit, "keep")))
        _repair(visit, looked, card, full)


def _twin(visit: Visit, full: str, card: Card, base: str) -> None:
    """Show the item of the wardrobe that the garment seems to be, with the choice of what becomes of it."""
    if full not in visit.twins:
        visit.twins[full] = twin_of(card.garment.cutout)
    item = item_with(visit.twins[full])
    if item and card.edit.keep:
        store = FeatureStore()

        def decide(choice: str) -> None:
            visit.edits[full] = replace(visit.edits.get(full, card.edit), twin=choice)

        text = f"Looks like {literal(item['type'] or 'an item')} in your wardrobe"
        twin_notice(text, picture_url(store, item, 112), card.edit.twin or BOTH, f"twin-{base}", decide)


def _repair(visit: Visit, looked: Looked, card: Card, full: str) -> None:
    st.button(
        "",
        icon=":material/brush:",
        help="Repair the cut-out",
        key=f"repair-{full}-{visit.number}",
        disabled=not card.edit.keep,
        on_click=_start_repair,
        args=(visit, looked, card, full),
    )


def _start_repair(visit: Visit, looked: Looked, card: Card, full: str) -> None:
    """Open the dialog; the steps of the last repair can still be undone, and what is cancelled leaves none."""
    bench = visit.benches.get(full) or Repair.of(looked.image, card.garment)
    bench = replace(bench, steps=list(bench.steps))
    start_repair(bench, f"repairing-{full}", lambda _: _use(visit, full, card.edit, bench))


def _use(visit: Visit, full: str, edit: Edit, bench: Repair) -> None:
    visit.benches[full] = bench
    outline = bench.steps[-1][1]["counts"] if bench.changed else None
    visit.edits[full] = replace(visit.edits.get(full, edit), outline=outline)


def _edit(visit: Visit, full_key: str, edit: Edit, name: str, value: object) -> None:
    visit.edits[full_key] = replace(visit.edits.get(full_key, edit), **{name: value})


def swatches_html(card: Card) -> str:
    """Return the card's colours: a bar of their shares, and their names below it."""
    colours = [colour for colour in card.colours if colour.share >= LEAST_SHARE]
    bar = "".join(f'<span style="flex:{colour.share:.3f};background:{colour.hex}"></span>' for colour in colours)
    names = "".join(
        f'<span title="{colour.css}, {", ".join(colour.terms)}, {colour.hex}">'
        f'<i style="{DOT};background:{colour.hex}"></i>{colour.name}&nbsp;{colour.share:.0%}</span>'
        for colour in colours
    )
    return f'<div style="{BAR}">{bar}</div><div style="{NAMES}">{names}</div>'
