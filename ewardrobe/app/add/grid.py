"""The review of an import: every garment at a glance, one field changed on many, twins decided, all saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import Visit, start_over
from ewardrobe.app.add.queue import count, problems, progress, queue_of, run_queue
from ewardrobe.app.add.repair import start_repair
from ewardrobe.app.add.twins import known_garments, twin_notice
from ewardrobe.app.fields import ask_field, showing, typed
from ewardrobe.core.images import ImageError, read_cutout
from ewardrobe.core.masks import rle_to_mask
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.cutout import garment_from_mask
from ewardrobe.garments.draft import card_picture
from ewardrobe.garments.queue import ImportQueue, QueuedGarment, QueuedPhoto
from ewardrobe.garments.repair import Repair
from ewardrobe.garments.review import Shown, change_field, save_garments, shown_garments
from ewardrobe.wardrobe import edits
from ewardrobe.wardrobe.item import KINDS, kind, kind_fields

IN_A_ROW = 4
PAGE_LENGTH = 24


def review_import(visit: Visit, store: FeatureStore, entries: Sequence[QueuedPhoto]) -> None:
    """Show the queue: progress, garments, what can be done with them, and the button that saves them."""
    queue, frame = queue_of(store), page.load_wardrobe(store)
    bar = st.container(horizontal=True, vertical_alignment="center")
    worker = run_queue(store, entries)
    progress(worker, entries)
    known, photos = known_garments(store)
    garments = shown_garments(entries, known, photos)
    problems(queue, entries)
    with bar:
        _save_bar(visit, store, queue, garments, entries)
    if not garments:
        return
    chosen = [one for one in garments if one.piece.id in visit.chosen]
    _choice_bar(visit, queue, garments, chosen, frame)
    _grid(visit, store, queue, _one_page(garments), frame)


def _one_page(garments: Sequence[Shown]) -> Sequence[Shown]:
    pages = -(-len(garments) // PAGE_LENGTH)
    if pages <= 1:
        return garments
    number = min(st.pagination(pages, key=f"import-pages-{pages}"), pages)
    return garments[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]


# Saving


def _save_bar(
    visit: Visit, store: FeatureStore, queue: ImportQueue, garments: Sequence[Shown], entries: Sequence[QueuedPhoto]
) -> None:
    saved = sum(one.saved for one in garments)
    st.markdown(f"**{count(saved, 'garment')}** of {count(len(entries), 'photo')}", width="content")
    st.space("stretch")
    st.button(
        "Other photos", key="import-later", icon=":material/add_a_photo:", on_click=setattr, args=(visit, "later", True)
    )
    with st.popover("Discard all", icon=":material/delete:", key="import-clear"):
        st.markdown(f"{count(len(entries), 'photo')} and what was found in them leave the queue. Your own files stay.")
        keys = [entry.key for entry in entries]
        st.button("Discard all", key="import-clear-all", on_click=page.change, args=(queue.remove, keys))
    label = f"Save {count(saved, 'garment')}" if saved else ("Finish" if garments else "Save")
    if st.button(label, key="import-save", type="primary", icon=":material/save:", disabled=not garments):
        _save(store, queue, garments)


def _save(store: FeatureStore, queue: ImportQueue, garments: Sequence[Shown]) -> None:
    photos = len({one.entry.key for one in garments})
    pictures = [_small(queue, one) for one in garments if one.saved]
    bar = st.progress(0.0, "Saving …")
    try:
        for done in save_garments(queue, store, garments):
            bar.progress(done / photos, f"{done} of {count(photos, 'photo')} saved")
    except (StoreError, ImageError) as error:
        bar.empty()
        st.error(
            f"**Not all was saved; the rest waits in the queue.** {page.literal(str(error))}", icon=":material/error:"
        )
        return
    start_over()
    st.session_state["adding"].saved = pictures
    st.rerun()


def _small(queue: ImportQueue, one: Shown, side: int = 160) -> np.ndarray:
    return _card(str(queue.picture(one.entry, one.piece)), one.piece.mask["counts"], side, False)


@st.cache_data(show_spinner=False, max_entries=2000)
def _card(path: str, outline: str, side: int, dimmed: bool) -> np.ndarray:
    """Return the picture of a card; ``outline`` stands for the state of the file."""
    try:
        cutout = read_cutout(Path(path))
    except OSError:  # the picture is for looking only: the outline is what is saved
        cutout = np.zeros((8, 8, 4), np.uint8)
    return card_picture(cutout, side, side, dimmed)


# Choosing, and one field on many


def _choice_bar(visit: Visit, queue: ImportQueue, garments: Sequence[Shown], chosen: Sequence[Shown], frame) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Choose all", key="import-all", on_click=_choose, args=(visit, [one.piece.id for one in garments]))
        st.button("None", key="import-none", disabled=not chosen, on_click=_choose, args=(visit, []))
        st.markdown(f"{len(chosen)} chosen", width="content")
        st.space("stretch")
        with st.popover("Change a field", icon=":material/edit:", key="import-batch", disabled=not chosen):
            _batch(queue, chosen, frame)
        ids = [one.piece.id for one in chosen]
        _keep_button("Leave out", "visibility_off", queue, ids, False)
        _keep_button("Take back", "visibility", queue, ids, True)


def _keep_button(label: str, icon: str, queue: ImportQueue, ids: list[str], keep: bool) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"import-keep-{keep}",
        disabled=not ids,
        on_click=page.change,
        args=(queue.edit, ids, lambda piece: replace(piece, keep=keep)),
    )


def _choose(visit: Visit, ids: Sequence[str]) -> None:
    visit.chosen = set(ids)


def _batch(queue: ImportQueue, chosen: Sequence[Shown], frame) -> None:
    field = st.selectbox("Field", list(edits.FIELDS), format_func=edits.FIELDS.get, key="import-field")
    way = "Replace"
    if field in edits.LIST_FIELDS:
        way = st.segmented_control("How", edits.WAYS, default="Add", required=True, key="import-way")
    key = f"import-value-{field}"
    ask_field(frame, field, key)
    st.button(
        f"Change {count(len(chosen), 'garment')}",
        type="primary",
        key="import-apply",
        on_click=_apply,
        args=(queue, chosen, field, way, key),
    )


def _apply(queue: ImportQueue, chosen: Sequence[Shown], field: str, way: str, key: str) -> None:
    value = typed(st.session_state.get(key))
    if field == "kind" and value is None:
        st.session_state.setdefault("problems", []).append("Choose a category first: every garment has one.")
        return
    value = value.isoformat() if hasattr(value, "isoformat") else value
    changed = page.change(change_field, queue, chosen, field, value, way)
    if changed is not None:
        page.tell(f"{edits.FIELDS[field]} changed on {count(changed, 'garment')}")


# The grid


def _grid(visit: Visit, store: FeatureStore, queue: ImportQueue, garments: Sequence[Shown], frame) -> None:
    by_id = {one.piece.id: one for one in garments}
    for start in range(0, len(garments), IN_A_ROW):
        row = garments[start : start + IN_A_ROW]
        for column, one in zip(st.columns(IN_A_ROW), row, strict=False):
            with column.container(border=True, key=f"import-card-{one.piece.id}"):
                _garment(visit, queue, one)
                if one.twin:
                    _twin(store, queue, one, by_id, frame)


def _garment(visit: Visit, queue: ImportQueue, one: Shown) -> None:
    piece, off = one.piece, not one.saved
    picture = queue.picture(one.entry, piece)
    st.image(_card(str(picture), piece.mask["counts"], 280, off), width="stretch")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        box = showing(f"pick-{piece.id}", piece.id in visit.chosen, partial(_pick, visit, piece.id))
        st.checkbox("Left out" if off else "Choose", **box)
        st.button(
            "",
            icon=":material/brush:",
            key=f"import-repair-{piece.id}",
            help="Repair the cut-out",
            on_click=_repair,
            args=(queue, one),
        )
    box = showing(f"import-kind-{piece.id}", kind(one.item), partial(_rename, queue, piece.id))
    st.selectbox("Category", KINDS, label_visibility="collapsed", **box)
    st.caption(facts(one))


def facts(one: Shown) -> str:
    """Return the line under a garment: colour, certainty, what the person said, its photo."""
    item = one.item
    said = [item.get("colour"), item.get("type"), item.get("brand"), item.get("size"), *(item.get("tags") or [])]
    sure = f"{one.piece.score:.0%} sure" if one.piece.score is not None else None
    line = " · ".join(str(part) for part in (*said, sure) if part)
    return page.literal(line) + "  \n" + page.literal(Path(one.entry.name).name)


def _pick(visit: Visit, piece_id: str, picked: bool) -> None:
    (visit.chosen.add if picked else visit.chosen.discard)(piece_id)


def _rename(queue: ImportQueue, piece_id: str, chosen: str) -> None:
    page.change(queue.edit, [piece_id], lambda piece: replace(piece, fields=piece.fields | kind_fields(chosen)))


def _repair(queue: ImportQueue, one: Shown) -> None:
    """Open the dialog (callback)."""
    entry, piece = one.entry, one.piece
    try:
        bench = _bench(queue, entry, piece)
    except ImageError as error:
        st.session_state.setdefault("problems", []).append(page.literal(str(error)))
        return
    start_repair(bench, f"repairing-{piece.id}", lambda cut: page.change(queue.recut, entry.key, piece.id, cut))


def _bench(queue: ImportQueue, entry: QueuedPhoto, piece: QueuedGarment) -> Repair:
    image = queue.photo(entry).read()
    score = 1.0 if piece.score is None else piece.score
    return Repair.of(image, garment_from_mask(image, rle_to_mask(piece.mask), piece.category_id, score))


def _twin(store: FeatureStore, queue: ImportQueue, one: Shown, by_id: Mapping[str, Shown], frame) -> None:
    piece, twin = one.piece, one.twin
    if twin.in_queue:
        other = by_id.get(twin.id)
        picture, name = (_small(queue, other, 112) if other else None), "a garment of this import"
    else:
        item = frame.loc[twin.id] if twin.id in frame.index else {}
        picture, name = page.picture_url(store, item, 112), f"{item.get('type') or 'an item'} in your wardrobe"
    text = "This photo is in your wardrobe already" if twin.same_photo else f"Looks like {name}"
    twin_notice(
        text,
        picture,
        one.choice,
        f"import-twin-{piece.id}",
        lambda choice: page.change(queue.edit, [piece.id], lambda piece: replace(piece, twin=choice)),
    )
