"""Many photos at once on the page Add garments: the ways in, the queue's progress, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import FILE_TYPES, Intake, Visit, current_visit
from ewardrobe.core.images import ImageError
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import ANALYSING, FAILED, QUEUED, READY, Added, ImportQueue, QueuedPhoto
from ewardrobe.garments.sources import PhotoZip, folder_photos, read_photos
from ewardrobe.garments.worker import Importer
from ewardrobe.models import SHOWN_SCORE, cache
from ewardrobe.models.weights import WeightsError

UPLOAD_MB = 2000
"""Largest ZIP file that the browser may send; a folder has no limit."""

FEW = 50
"""Up to so many photos are in the queue before a bar could be read."""

TICK_S = 1.0


@st.cache_resource(show_spinner=False)
def importer(home: str) -> Importer:
    """Return the worker of the wardrobe in ``home``, one for all sessions."""
    return Importer(Path(home), cache.segmenter)


def queue_of(store: FeatureStore) -> ImportQueue:
    """Return the queue of a wardrobe."""
    return importer(str(store.home.absolute())).queue


# The ways in


def many(intake: Intake) -> None:
    """Show the ways for many photos: a folder of this machine, a ZIP file, many files."""
    base = f"many-{intake.number}"
    st.caption("Any number: they wait in a queue on this disk, are looked at one by one, and are checked at a glance.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Folder on this machine", key=f"{base}-folder", placeholder="~/Pictures/clothes")
        st.button("Import folder", icon=":material/folder_open:", key=f"{base}-go", on_click=_take_folder, args=(base,))
    st.file_uploader(
        "Or a ZIP file, or many photos",
        [*FILE_TYPES, "zip"],
        accept_multiple_files=True,
        key=f"{base}-files",
        max_upload_size=UPLOAD_MB,
        on_change=_take_uploads,
        args=(base,),
    )


def _take_folder(base: str) -> None:
    try:
        paths = folder_photos(st.session_state.get(f"{base}-folder") or "")
    except ImageError as error:
        _complain([str(error)])
        return
    _enqueue(read_photos(paths), len(paths))


def _take_uploads(base: str) -> None:
    files = st.session_state.get(f"{base}-files") or []
    zips = [file for file in files if file.name.lower().endswith(".zip")]
    photos = [Photo(file.name, file.getvalue()) for file in files if file not in zips]
    if photos:
        _enqueue(photos, len(photos))
    for file in zips:
        try:
            with PhotoZip(file, file.name) as archive:
                _enqueue(archive.photos(), len(archive))
        except ImageError as error:
            _complain([str(error)])


def enqueue(photos: Sequence[Photo]) -> None:
    """Put photos into the queue, in a callback: what an upload of more photos than are shown one by one does."""
    _enqueue(photos, len(photos))


def _enqueue(photos: Iterable[Photo | ImageError], total: int) -> None:
    score = st.session_state.get("confidence", round(SHOWN_SCORE * 100)) / 100
    bar = st.progress(0.0) if total > FEW else None

    def told(count: int) -> None:
        if bar:
            bar.progress(min(1.0, count / total), f"{count} of {total} photos put into the queue")

    try:
        added = queue_of(FeatureStore()).add(photos, st.session_state["model"], score, told)
    except StoreError as error:
        _complain([str(error)])
        return
    _tell(added)
    current_visit().later = False
    current_visit().number += 1  # empties the widgets


def _tell(added: Added) -> None:
    _complain(added.refused)
    if added.again:
        page.tell(f"{count(added.again, 'photo')} already in the queue")
    if added.taken:
        page.tell(f"{count(added.taken, 'photo')} put into the queue")


def _complain(problems: Sequence[str]) -> None:
    shown = [page.literal(problem) for problem in problems[:10]]
    if len(problems) > len(shown):
        shown.append(f"… and {len(problems) - len(shown)} more")
    if shown:
        st.session_state.setdefault("problems", []).append("\n\n".join(shown))


# The queue


def waiting_banner(visit: Visit, entries: Sequence[QueuedPhoto]) -> None:
    """Say that photos wait in the queue, with the way there."""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/pending_actions: {count(len(entries), 'photo')} in the queue, to be checked and saved.")
        st.space("stretch")
        st.button("Go on", key="import-go-on", type="primary", on_click=setattr, args=(visit, "later", False))


def run_queue(store: FeatureStore, entries: Sequence[QueuedPhoto]) -> Importer:
    """See to it that what waits is looked at; show why it cannot be."""
    worker = importer(str(store.home.absolute()))
    for name in {entry.model for entry in entries if entry.state in (QUEUED, ANALYSING)}:
        try:
            page.segmenter(name)
        except WeightsError as error:
            st.error(
                f"**The photos wait: the model cannot be used.** {page.literal(str(error))}", icon=":material/error:"
            )
            st.caption("Choose another model in the sidebar and press Look again.")
            return worker
    worker.wake()
    if worker.problem:
        st.error(page.literal(worker.problem), icon=":material/error:")
    return worker


def progress(worker: Importer, entries: Sequence[QueuedPhoto]) -> None:
    """Show how far the worker is, every second while it is at work; new garments are shown when it has ended."""
    if any(entry.state in (QUEUED, ANALYSING) for entry in entries):
        shown = sum(entry.state in (READY, FAILED) for entry in entries)
        st.fragment(_progress, run_every=TICK_S)(worker, shown)


def _progress(worker: Importer, shown: int) -> None:
    entries = worker.queue.entries()
    done = sum(entry.state in (READY, FAILED) for entry in entries)
    at_work = next((entry.name for entry in entries if entry.state == ANALYSING), None)
    if done == len(entries) or (not shown and done):
        st.rerun()
    worker.wake()
    text = f"{done} of {len(entries)} photos looked at" + (f" · {page.literal(at_work)}" if at_work else "")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done / max(1, len(entries)), text)
        if done > shown and st.button(f"Show {done - shown} more", key="import-show-more"):
            st.rerun()


def problems(queue: ImportQueue, entries: Sequence[QueuedPhoto]) -> None:
    """Show the photos that failed or hold no garment, to be looked at again or discarded."""
    failed = [entry for entry in entries if entry.state == FAILED]
    empty = [entry for entry in entries if entry.state == READY and not entry.pieces]
    if not failed and not empty:
        return
    label = f"{count(len(failed) + len(empty), 'photo')} without a garment to save"
    with st.expander(label, icon=":material/broken_image:", key="import-problems"):
        lines = [f"- **{page.literal(entry.name)}**: {page.literal(entry.reason or '')}" for entry in failed]
        lines += [f"- **{page.literal(entry.name)}**: no garment found" for entry in empty]
        st.markdown("\n".join(lines))
        keys = [entry.key for entry in (*failed, *empty)]
        with st.container(horizontal=True):
            st.button(
                "Look again",
                icon=":material/refresh:",
                key="import-again",
                help="With the model and the confidence in the sidebar",
                on_click=look_again,
                args=(queue, keys),
            )
            st.button(
                "Discard",
                icon=":material/delete:",
                key="import-discard",
                on_click=page.change,
                args=(queue.remove, keys),
            )


def look_again(queue: ImportQueue, keys: Sequence[str]) -> None:
    """Queue photos anew with the model and the confidence of the sidebar (callback)."""
    score = st.session_state.get("confidence", round(SHOWN_SCORE * 100)) / 100
    page.change(queue.look_again, keys, st.session_state["model"], score)


def count(number: int, noun: str) -> str:
    """Return "1 photo", "2 photos"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
