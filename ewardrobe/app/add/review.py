"""The review on the page Add garments: what was found in the photos of the queue, checked, corrected, saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.cards import Desk, at_a_glance, card_grid, small_picture
from ewardrobe.app.add.intake import Visit, current_visit, read_image, start_over
from ewardrobe.app.add.queue import FEW, look_at_waiting, problems, queue_of
from ewardrobe.app.fields import showing
from ewardrobe.app.wardrobe.overview import sample_banner
from ewardrobe.core.drawing import draw_box
from ewardrobe.core.images import ImageError
from ewardrobe.core.taxonomy import INSTANCE_ID_BY_WORD
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments import attributes
from ewardrobe.garments.draft import LOWEST_SCORE, Draft, draft_of, draw_drafts
from ewardrobe.garments.from_box import box_of, garment_in_box
from ewardrobe.garments.queue import FAILED, READY, ImportQueue, QueuedPhoto
from ewardrobe.garments.review import best_hidden, hash_of, photos_of, reviewed, save_drafts
from ewardrobe.models import MODELS, SHOWN_SCORE
from ewardrobe.wardrobe.item import kind_fields
from ewardrobe.wardrobe.vocabulary import KINDS, words_for

SCORE_STEP = 5
SMALLEST_BOX = 16
"""Pixels a side from which a box drawn by hand can hold a garment."""

SECTIONS = 20
"""Photos on a page of the view "One by one"."""

PICTURES = 24
"""So many of the garments are shown after they were saved."""

ONE_BY_ONE, AT_A_GLANCE = VIEWS = ("One by one", "At a glance")


def settings() -> float:
    """Show the model picker and the confidence slider in the sidebar; return the confidence, 0..1."""
    with st.sidebar:
        page.pick_model()
        return confidence_slider() / 100


def confidence_slider() -> int:
    """Show the confidence slider, the same on every page and remembered between them; return percent."""
    about = (
        "Garments that the model is less sure of are hidden. 50 % is set for each model and kind of garment where "
        "the fewest are missed or wrong on validation photos; lower it to see guesses, raise it to see only sure ones."
    )
    lowest, usual = round(LOWEST_SCORE * 100), round(SHOWN_SCORE * 100)
    remember = partial(st.session_state.__setitem__, "least-percent")
    box = showing("confidence", st.session_state.get("least-percent", usual), remember)
    return st.slider("Confidence", lowest, 90, step=SCORE_STEP, format="%d %%", help=about, **box)


def review(visit: Visit, store: FeatureStore, min_score: float) -> None:
    """Show the photos of the queue with their garments, and the button that saves them all.

    min_score: 0..1, from which a garment is shown.
    """
    queue = queue_of(store)
    _follow_sidebar(visit, queue)
    bar = st.container(horizontal=True, vertical_alignment="center")
    look_at_waiting(store, queue.entries())
    entries, frame = queue.entries(), page.load_wardrobe(store)
    drafts = reviewed(entries, min_score, *_known(store))
    few = len(entries) <= FEW
    view = page.choose_one("View", VIEWS, f"view-{few}", ONE_BY_ONE if few else AT_A_GLANCE)
    with bar:
        _save_bar(visit, store, queue, entries, drafts)
    failed = [entry for entry in entries if entry.state == FAILED]
    desk = Desk(visit, store, queue, frame, {draft.id: draft for draft in drafts})
    if view == AT_A_GLANCE:
        there = {draft.photo for draft in drafts}
        problems(queue, [*failed, *(entry for entry in entries if entry.state == READY and entry.key not in there)])
        at_a_glance(desk, drafts, {entry.key: entry.name for entry in entries})
    else:
        problems(queue, failed)
        _sections(desk, entries, min_score)


def _follow_sidebar(visit: Visit, queue: ImportQueue) -> None:
    """Let photos follow another choice of the model: a few at once, of many those that wait."""
    model, entries = st.session_state["model"], queue.entries()
    if visit.model not in (None, model):
        own = [entry for entry in entries if entry.model == visit.model]  # not those with a model of their own
        keys = [entry.key for entry in own if entry.waits or len(entries) <= FEW]
        page.change(queue.look_again, keys, model)
    visit.model = model


@st.cache_resource(
    show_spinner="Comparing with the wardrobe …", max_entries=2, hash_funcs={FeatureStore: page.state_of}
)
def _known(store: FeatureStore) -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return ``{item id: hash}`` and ``{key of a photo: its items}``, once for each state of the wardrobe."""
    items = store.items()
    return {item["id"]: text for item in items if (text := hash_of(store, item))}, photos_of(items)


# Photos one by one


def _sections(desk: Desk, entries: Sequence[QueuedPhoto], min_score: float) -> None:
    good = [entry for entry in entries if entry.state != FAILED]
    for place, entry in enumerate(page.one_page(good, SECTIONS, "photos")):
        drafts = [draft for draft in desk.drafts.values() if draft.photo == entry.key]
        if len(entries) == 1:
            _panel(desk, entry, drafts, min_score)
            continue
        kept = sum(draft.saved for draft in drafts)
        again = sum(draft.saved and draft.twin is not None and draft.choice is None for draft in drafts)
        label = f"{page.literal(entry.name)} · {page.count(kept, 'garment') if kept else 'nothing to save'}"
        label += f" · :orange[{again} there already?]" if again else ""
        with st.expander(label, expanded=place == 0, key=f"photo-{entry.key}", on_change="rerun") as section:
            if section.open:  # a closed photo costs nothing
                _panel(desk, entry, drafts, min_score)


def _panel(desk: Desk, entry: QueuedPhoto, drafts: Sequence[Draft], min_score: float) -> None:
    left, right = st.columns([6, 7], gap="medium")
    with left:
        try:
            image = read_image(entry.key, desk.queue.photo(entry))
        except ImageError as error:
            st.error(page.literal(error), icon=":material/broken_image:")
            return
        st.image(draw_drafts(image, drafts), width="stretch", output_format="JPEG")
        if entry.state == READY:
            st.caption(_timing(entry, drafts))
        _photo_buttons(desk.queue, entry)
        if entry.state != READY:  # its model did not load, which has been said
            return
        _add_by_hand(desk.queue, entry, image, expanded=not drafts)
    with right:
        if not any(draft.score is not None for draft in drafts):
            _nothing_found(entry, min_score)
        card_grid(desk, drafts)
        if problem := attributes.problem():
            st.caption(f":material/info: {page.literal(problem)}")


def _timing(entry: QueuedPhoto, drafts: Sequence[Draft]) -> str:
    """Return how long each stage took: "2 garments found in 0.53 s: read 0.04, found 0.21, cut out 0.28"."""
    seconds = {name: ms / 1000 for name, ms in entry.looks.get(entry.model, {}).items()}
    found = sum(draft.score is not None for draft in drafts)
    what = page.count(found, "garment") if found else "Nothing"
    stages = ", ".join(f"{'found' if name == 'find' else name} {part:.2f}" for name, part in seconds.items())
    return f"{what} found in {sum(seconds.values()):.2f} s: {stages}" if seconds else f"{what} found"


def _photo_buttons(queue: ImportQueue, entry: QueuedPhoto) -> None:
    def look_again(name: str | None) -> None:
        page.change(queue.look_again, [entry.key], name or entry.model)

    box = showing(f"model-{entry.key}", entry.model if entry.model in MODELS else None, look_again)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox("Model for this photo", list(MODELS), None, page.model_label, **box)
        about = "Discard this photo and what was found in it; your own file stays"
        page.button("", f"discard-{entry.key}", "delete", queue.remove, [entry.key], help=about)


def _add_by_hand(queue: ImportQueue, entry: QueuedPhoto, image: np.ndarray, expanded: bool) -> None:
    """Ask what it is and where in the photo, RGB uint8 (H, W, 3), and cut it out."""
    number = sum(draft.score is None for draft in entry.drafts)  # one more: new keys empty the widgets
    base, title = f"{entry.key}-{number}", "Add a garment by hand"
    with st.expander(title, expanded, icon=":material/crop:", key=f"hand-{base}", on_change="rerun") as section:
        if not section.open:
            return
        kind = st.selectbox(
            "What is it?", KINDS, None, words_for("kind"), f"hand-kind-{base}", placeholder="Shoes, bag, skirt, …"
        )
        across = st.slider("From left to right", 0, 100, (20, 80), format="%d %%", key=f"hand-across-{base}")
        down = st.slider("From top to bottom", 0, 100, (20, 80), format="%d %%", key=f"hand-down-{base}")
        box = box_of(image.shape[:2], across, down)
        st.image(draw_box(image, box), width="stretch", output_format="JPEG")
        large = min(box[2] - box[0], box[3] - box[1]) >= SMALLEST_BOX

        def take(kind: str) -> None:
            garment = garment_in_box(image, box, INSTANCE_ID_BY_WORD.get(kind, 1))
            draft = draft_of(garment, entry.key, None, kind_fields(kind))
            queue.put(entry.key, [(draft, garment.cutout)])

        ready = kind is not None and large
        about = None if ready else "Say what it is, and draw the box round it"
        page.button("Cut it out", f"hand-add-{base}", "content_cut", take, kind, disabled=not ready, help=about)


def _nothing_found(entry: QueuedPhoto, min_score: float) -> None:
    with st.container(border=True):
        st.markdown("##### :material/search_off: No garment found in this photo")
        st.markdown(
            "- Take it again in more light, against a plain background\n"
            "- Have the whole garment in view, and larger in the picture\n"
            "- Lower the confidence, or choose another model\n"
            "- Or add it by hand: draw a box round it, beside the photo"
        )
        if (best := best_hidden(entry, min_score)) is not None:
            label = f"Show the best guess ({best:.0%} sure)"
            page.button(label, f"guess-{entry.key}", "visibility", _lower_confidence, best)


def _lower_confidence(score: float) -> None:
    steps = int(score * 100 + 1e-6) // SCORE_STEP
    st.session_state["least-percent"] = max(round(LOWEST_SCORE * 100), steps * SCORE_STEP)


# Saving


def _save_bar(
    visit: Visit, store: FeatureStore, queue: ImportQueue, entries: Sequence[QueuedPhoto], drafts: Sequence[Draft]
) -> None:
    saved, photos = sum(draft.saved for draft in drafts), page.count(len(entries), "photo")
    st.markdown(f"**{page.count(saved, 'garment')}** of {photos}", width="content")
    st.space("stretch")
    page.button("Other photos", "later", "add_a_photo", setattr, visit, "later", True)
    with st.popover("Discard all", icon=":material/delete:", key="discard-popover"):
        st.markdown(f"{photos} and what was found in them leave the queue. Your own files stay.")
        page.button("Discard all", "discard-all", None, queue.remove, [entry.key for entry in entries])
    label = f"Save {page.count(saved, 'garment')}" if saved else ("Finish" if drafts else "Save")
    if st.button(label, key="save", type="primary", icon=":material/save:", disabled=not drafts):
        _save(store, queue, drafts)


def _save(store: FeatureStore, queue: ImportQueue, drafts: Sequence[Draft]) -> None:
    photos, new = len({draft.photo for draft in drafts}), [draft for draft in drafts if draft.saved]
    bar = st.progress(0.0, "Saving …")
    try:
        pictures = [small_picture(queue, draft) for draft in new[:PICTURES]]
        for done in save_drafts(queue, store, drafts):
            bar.progress(done / photos, f"{done} of {page.count(photos, 'photo')} saved")
    except (StoreError, ImageError) as error:
        bar.empty()
        text = f"**Not all was saved; the rest waits in the queue.** {page.literal(error)}"
        st.error(text, icon=":material/error:")
        return
    start_over()
    current_visit().saved, current_visit().pictures = len(new), pictures
    st.rerun()


def show_saved(visit: Visit) -> None:
    """Say what is in the wardrobe now, with the way there and the way on."""
    st.success(f"{page.count(visit.saved, 'garment')} saved in your wardrobe.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        for picture in visit.pictures:
            st.image(picture, width=112)
    with st.container(horizontal=True, vertical_alignment="center"):
        page.link("wardrobe", "See them in the wardrobe", ":material/checkroom:")
        page.button("Add more", "add-more", "add", start_over)
    store = page.wardrobe_store()
    sample_banner(store, page.load_wardrobe(store))
