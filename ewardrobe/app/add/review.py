"""The second half of the page Add garments: check, correct, repair, save."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.attributes import say_what_is_missing
from ewardrobe.app.add.box import add_by_hand
from ewardrobe.app.add.cards import card_grid
from ewardrobe.app.add.intake import Looked, Visit, edit_key, look_at, model_of, start_over
from ewardrobe.app.add.twins import twin_of
from ewardrobe.app.fields import showing
from ewardrobe.core.images import ImageError
from ewardrobe.feature_store.store import FeatureStore, StoreError
from ewardrobe.garments.draft import (
    LOWEST_SCORE,
    Card,
    Edit,
    Photo,
    card_picture,
    draw_cards,
    item_of,
)
from ewardrobe.garments.saving import BOTH, Save, save_all
from ewardrobe.models import MODELS, SHOWN_SCORE
from ewardrobe.models.weights import WeightsError

SCORE_STEP = 5


def settings() -> int:
    """Show the model picker and the confidence slider in the sidebar; return the confidence in percent."""
    with st.sidebar:
        page.pick_model()
        return confidence_slider()


def confidence_slider() -> int:
    """Show the confidence slider, the same on every page and remembered between them; return percent."""
    return st.slider(
        "Confidence",
        round(LOWEST_SCORE * 100),
        90,
        round(SHOWN_SCORE * 100),
        SCORE_STEP,
        format="%d %%",
        key="confidence",
        persist_state="session",
        help="Garments that the model is less sure of are hidden. 50 % is set for each model and kind of garment where "
        "the fewest are missed or wrong on test photos; lower it to see guesses, raise it to see only sure ones.",
    )


def review(visit: Visit, store: FeatureStore, score: int) -> None:
    """Show every photo at hand with its garments, and the button that saves them all."""
    bar = st.container(horizontal=True, vertical_alignment="center")
    for note in visit.notes:
        st.caption(f":material/info: {note}")
    ready = [photo for photo in visit.photos if _model_loads(model_of(visit, photo))]
    _survey(visit, ready, score)
    _show_problems(visit, score)
    good = [photo for photo in visit.photos if not isinstance(_seen(visit, photo, score), ImageError)]
    for place, photo in enumerate(good):
        _photo_section(visit, photo, score, alone=len(visit.photos) == 1, first=place == 0)
    with bar:
        _save_bar(visit, store, score, [photo for photo in good if photo in ready])


def _survey(visit: Visit, photos: list[Photo], score: int) -> None:
    """Look once at each photo that has not been looked at with this model and score, with a progress bar."""
    new = [photo for photo in photos if _seen(visit, photo, score) is None]
    bar = st.progress(0.0) if new else None
    for place, photo in enumerate(new):
        bar.progress(
            place / len(new), f"Looking for garments in {page.literal(photo.name)} ({place + 1} of {len(new)})"
        )
        visit.seen[photo.key, model_of(visit, photo), score] = _keys_or_error(visit, photo, score)
    if bar:
        bar.empty()


def _keys_or_error(visit: Visit, photo: Photo, score: int) -> list[str] | ImageError:
    try:
        looked = look_at(visit, photo, score)
    except ImageError as error:
        return error
    found = [card for card in looked.cards if card.score is not None]
    twins = {edit_key(photo, looked.model, card.key): twin_of(card.garment.cutout) for card in found}
    visit.twins |= twins
    return [card.key for card in found]


def _seen(visit: Visit, photo: Photo, score: int) -> list[str] | ImageError | None:
    return visit.seen.get((photo.key, model_of(visit, photo), score))


def _model_loads(name: str) -> bool:
    """Load the model; show why and what to do when its weights are missing or altered."""
    try:
        page.segmenter(name)
    except WeightsError as error:
        st.error(
            f"**{page.MODEL_LABELS.get(name, name)} cannot be used.** {page.literal(str(error))}",
            icon=":material/error:",
        )
        st.caption("Or choose another model in the sidebar.")
        return False
    return True


def _show_problems(visit: Visit, score: int) -> None:
    problems = [seen for photo in visit.photos if isinstance(seen := _seen(visit, photo, score), ImageError)]
    if problems:
        lines = [page.literal(str(problem)) for problem in problems]
        st.error("\n\n".join(lines), icon=":material/broken_image:")


# One photo


def _photo_section(visit: Visit, photo: Photo, score: int, alone: bool, first: bool) -> None:
    if alone:
        _photo_panel(visit, photo, score)
        return
    kept = len(_kept_keys(visit, photo, score))
    label = f"{page.literal(photo.name)} · {count(kept, 'garment') if kept else 'nothing to save'}"
    if again := _twins_left(visit, photo, score):
        label += f" · :orange[{again} there already?]"
    with st.expander(label, expanded=first, key=f"photo-{photo.key}-{visit.number}", on_change="rerun") as section:
        if section.open:  # a closed photo costs nothing
            _photo_panel(visit, photo, score)


def _photo_panel(visit: Visit, photo: Photo, score: int) -> None:
    left, right = st.columns([6, 7], gap="medium")
    with left:
        picture, line = st.container(), st.container()
        _model_for_photo(visit, photo)
    if _seen(visit, photo, score) is None:  # its model did not load, which has been said
        with suppress(ImageError):
            picture.image(photo.read(), width="stretch")
        return
    looked = look_at(visit, photo, score)
    picture.image(draw_cards(looked.image, looked.cards), width="stretch", output_format="JPEG")
    line.caption(timing(looked))
    with left:
        add_by_hand(visit, looked)
    with right:
        if not any(card.score is not None for card in looked.cards):
            _nothing_found(looked)
        card_grid(visit, looked)
        say_what_is_missing()


def timing(looked: Looked) -> str:
    """Return how long each stage took: "2 garments found in 0.53 s: read 0.04, found 0.21, cut out 0.28"."""
    stages = ", ".join(f"{name} {seconds:.2f}" for name, seconds in looked.seconds.items())
    found = sum(card.score is not None for card in looked.cards)
    what = count(found, "garment") if found else "Nothing"
    return f"{what} found in {sum(looked.seconds.values()):.2f} s: {stages}"


def _model_for_photo(visit: Visit, photo: Photo) -> None:
    names, model = list(MODELS), model_of(visit, photo)
    st.selectbox(
        "Model for this photo",
        names,
        format_func=lambda name: page.MODEL_LABELS.get(name, name),
        **showing(f"model-{photo.key}", model, partial(visit.models.__setitem__, photo.key)),
    )


def _nothing_found(looked: Looked) -> None:
    with st.container(border=True):
        st.markdown("##### :material/search_off: No garment found in this photo")
        st.markdown(
            "- Take it again in more light, against a plain background\n"
            "- Have the whole garment in view, and larger in the picture\n"
            "- Lower the confidence, or choose another model\n"
            "- Or add it by hand: draw a box round it, beside the photo"
        )
        if looked.best_hidden is not None:
            st.button(
                f"Show the best guess ({looked.best_hidden:.0%} sure)",
                key=f"guess-{looked.photo.key}",
                icon=":material/visibility:",
                on_click=_lower_confidence,
                args=(looked.best_hidden,),
            )


def _lower_confidence(score: float) -> None:
    steps = int(score * 100 + 1e-6) // SCORE_STEP
    st.session_state["confidence"] = max(round(LOWEST_SCORE * 100), steps * SCORE_STEP)


# Saving


def _save_bar(visit: Visit, store: FeatureStore, score: int, photos: list[Photo]) -> None:
    kept = sum(len(_kept_keys(visit, photo, score)) for photo in photos)
    st.markdown(f"**{count(kept, 'garment')}** in {count(len(photos), 'photo')}", width="content")
    st.space("stretch")
    st.button("Other photos", key="start-over", icon=":material/restart_alt:", on_click=start_over)
    label = f"Save {count(kept, 'garment')}" if kept else "Save"
    if st.button(label, key="save", type="primary", icon=":material/save:", disabled=not kept):
        _save(visit, store, score, photos)


def _kept_keys(visit: Visit, photo: Photo, score: int) -> list[str]:
    keys = [*(_seen(visit, photo, score) or []), *visit.by_hand.get(photo.key, {})]
    model = model_of(visit, photo)
    edits = {key: visit.edits.get(edit_key(photo, model, key), Edit()) for key in keys}
    return [key for key, edit in edits.items() if edit.keep and edit.twin in (None, BOTH)]


def _twins_left(visit: Visit, photo: Photo, score: int) -> int:
    """Return how many garments seem to be in the wardrobe and are not decided about."""
    keys = [edit_key(photo, model_of(visit, photo), key) for key in _kept_keys(visit, photo, score)]
    return sum(visit.twins.get(key) is not None and visit.edits.get(key, Edit()).twin is None for key in keys)


def _save(visit: Visit, store: FeatureStore, score: int, photos: list[Photo]) -> None:
    """Write all kept garments in one go, all or none, and show them as saved."""
    saves: list[Save] = []
    with st.spinner("Saving …"):
        for photo in photos:
            looked = look_at(visit, photo, score)
            saves += [_save_of(visit, looked, card) for card in looked.cards if card.edit.keep]
        try:
            save_all(store, saves)
        except StoreError as error:
            st.error(f"**Nothing was saved.** {page.literal(str(error))}", icon=":material/error:")
            return
    start_over()
    st.session_state["adding"].saved = [card_picture(save.cutout, 160, 160) for save in saves if save.choice == BOTH]
    st.rerun()


def _save_of(visit: Visit, looked: Looked, card: Card) -> Save:
    twin = visit.twins.get(edit_key(looked.photo, looked.model, card.key))
    item = item_of(card, looked.model)
    return Save(item, card.garment.cutout, looked.photo.data, (card.edit.twin if twin else None) or BOTH, twin)


def show_saved(visit: Visit) -> None:
    """Say what is in the wardrobe now, with the way there and the way on."""
    st.success(f"{count(len(visit.saved), 'garment')} saved in your wardrobe.", icon=":material/check_circle:")
    with st.container(horizontal=True):
        for picture in visit.saved[:24]:
            st.image(picture, width=112)
    with st.container(horizontal=True, vertical_alignment="center"):
        page.link("wardrobe", "See them in the wardrobe", ":material/checkroom:")
        st.button("Add more", key="add-more", icon=":material/add:", on_click=start_over)


def count(number: int, noun: str) -> str:
    """Return "1 garment", "2 garments"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
