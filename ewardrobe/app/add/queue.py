"""The queue behind the page Add garments: photos put into it, looked at, discarded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import FILE_TYPES, Visit, current_visit
from ewardrobe.core.images import ImageError
from ewardrobe.core.photo_folder import folder_photos
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.draft import Photo
from ewardrobe.garments.queue import ImportQueue, QueuedPhoto
from ewardrobe.garments.sources import PhotoZip, read_photos
from ewardrobe.garments.worker import Importer, work_through
from ewardrobe.models import DEFAULT_MODEL, cache
from ewardrobe.models.weights import WeightsError

UPLOAD_MB = 2000
"""Largest ZIP file that the browser may send; a folder has no limit."""

BAR_FROM = 50
"""Fewer photos are in the queue before a bar could be read."""

FEW = 4
"""Up to so many photos are looked at while the page is drawn, and shown one by one at first."""

TICK_S = 1.0


@st.cache_resource(show_spinner=False)
def importer(home: str) -> Importer:
    """Return the worker of the wardrobe in ``home``, one for all sessions."""
    return Importer(Path(home), cache.segmenter)


def queue_of(store: FeatureStore) -> ImportQueue:
    """Return the queue of a wardrobe."""
    return importer(str(store.home.absolute())).queue


# The ways in


def many() -> None:
    """Show the ways for many photos: a folder of this machine, a ZIP file, many files."""
    base = f"many-{current_visit().number}"
    st.caption("Any number: they wait in a queue on this disk, are looked at one by one, and are checked at a glance.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Folder on this machine", key=f"{base}-folder", placeholder="~/Pictures/clothes")
        page.button("Import folder", f"{base}-go", "folder_open", _take_folder, f"{base}-folder")
    key = f"{base}-files"
    box: dict[str, Any] = {"accept_multiple_files": True, "key": key, "on_change": _take_uploads, "args": (key,)}
    st.file_uploader("Or a ZIP file, or many photos", [*FILE_TYPES, "zip"], max_upload_size=UPLOAD_MB, **box)


def _take_folder(key: str) -> None:
    found = folder_photos(st.session_state.get(key) or "")
    enqueue(read_photos(found.photos), len(found.photos))
    if found.remarks:
        page.complain(*found.remarks)


def _take_uploads(key: str) -> None:
    files = st.session_state.get(key) or []
    zips = [file for file in files if file.name.lower().endswith(".zip")]
    if photos := [Photo(file.name, file.getvalue()) for file in files if file not in zips]:
        enqueue(photos)
    for file in zips:
        try:
            with PhotoZip(file, file.name) as archive:
                enqueue(archive.photos(), len(archive))
                if archive.found.remarks:
                    page.complain(*archive.found.remarks)
        except ImageError as error:
            page.complain(error)


def enqueue(photos: Iterable[Photo | ImageError], total: int | None = None) -> None:
    """Put photos into the queue, for the page to show; total: how many there are, where ``photos`` has no length."""
    if total is None:
        total = len(photos := list(photos))
    bar = st.progress(0.0) if total >= BAR_FROM else None

    def told(number: int) -> None:
        if bar:
            bar.progress(min(1.0, number / total), f"{number} of {total} photos put into the queue")

    added = page.change(queue_of(page.wardrobe_store()).add, photos, st.session_state.get("model", DEFAULT_MODEL), told)
    visit = current_visit()
    visit.number += 1  # empties the widgets
    if added:
        if added.refused:
            page.complain(*added.refused)
        if added.again:
            page.tell(f"{page.count(added.again, 'photo')} already in the queue")
        if added.taken > FEW:  # fewer are shown at once
            page.tell(f"{page.count(added.taken, 'photo')} put into the queue")
        visit.later, visit.saved = False, 0


# The queue


def waiting_banner(visit: Visit, entries: Sequence[QueuedPhoto]) -> None:
    """Say that photos wait in the queue, with the way there."""
    photos = page.count(len(entries), "photo")
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/pending_actions: {photos} in the queue, to be checked and saved.")
        st.space("stretch")
        page.button("Go on", "go-on", None, setattr, visit, "later", False, type="primary")


def look_at_waiting(store: FeatureStore, entries: Sequence[QueuedPhoto]) -> None:
    """Have the photos looked at that wait: a few at once, more by the worker; show how far it is, or why it is not."""
    waiting = [entry for entry in entries if entry.waits]
    models = {name for name in {entry.model for entry in waiting} if _loads(name)}
    usable = [entry for entry in waiting if entry.model in models]
    worker = importer(str(store.home.absolute()))
    if not usable or (len(usable) <= FEW and not worker.busy and _look_at_once(worker.queue, usable)):
        return
    worker.wake()
    if worker.problem:
        st.error(page.literal(worker.problem), icon=":material/error:")
    st.fragment(_progress, run_every=TICK_S)(worker, models, len(entries) - len(usable))


def _loads(name: str) -> bool:
    """Load the model; show why and what to do when its weights are missing or altered."""
    try:
        page.segmenter(name)
    except WeightsError as error:
        text = f"**{page.model_label(name)} cannot be used.** {page.literal(error)}"
        st.error(text, icon=":material/error:")
        st.caption("Choose another model in the sidebar.")
        return False
    return True


def _look_at_once(queue: ImportQueue, entries: Sequence[QueuedPhoto]) -> bool:
    """Look at a few photos with a progress bar; ``False`` if another process is at the queue."""
    keys = [entry.key for entry in entries]
    bar = st.progress(0.0)

    def told(entry: QueuedPhoto) -> None:
        place = keys.index(entry.key)
        text = f"Looking for garments in {page.literal(entry.name)} ({place + 1} of {len(keys)})"
        bar.progress(place / len(keys), text)

    done = work_through(queue, page.segmenter, told=told, keys=keys) is not None
    bar.empty()
    return done


def _progress(worker: Importer, models: set[str], shown: int) -> None:
    """Show every second how far the worker is; the page shows the first garments, and all when it has ended."""
    entries = worker.queue.entries()
    waiting = [entry for entry in entries if entry.waits and entry.model in models]
    done = len(entries) - len(waiting)
    if not waiting or (not shown and done):
        st.rerun()
    worker.wake()
    text = f"{done} of {len(entries)} photos looked at · {page.literal(waiting[0].name)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(done / len(entries), text)
        if done > shown and st.button(f"Show {done - shown} more", key="show-more"):
            st.rerun()


def problems(queue: ImportQueue, bad: Sequence[QueuedPhoto]) -> None:
    """Show the photos that failed or hold no garment, to be looked at again or discarded."""
    if not bad:
        return
    label = f"{page.count(len(bad), 'photo')} without a garment to save"
    with st.expander(label, len(bad) <= FEW, icon=":material/broken_image:", key="problems"):
        lines = [f"- **{page.literal(one.name)}**: {page.literal(one.reason or 'no garment found')}" for one in bad]
        st.markdown("\n".join(lines))
        keys = [entry.key for entry in bad]
        with st.container(horizontal=True):
            again = "With the model in the sidebar; the confidence slider shows what was hidden"
            model = st.session_state["model"]
            page.button("Look again", "failed-again", "refresh", queue.look_again, keys, model, help=again)
            page.button("Discard", "failed-discard", "delete", queue.remove, keys)
