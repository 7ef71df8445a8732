"""The page Compare models, first half: photos in, models asked once each, everything they said kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.add.intake import choose_photos, read_image
from ewardrobe.app.add.review import confidence_slider
from ewardrobe.core.images import ImageError
from ewardrobe.evaluation.comparison import runs
from ewardrobe.evaluation.comparison.runs import ModelRun, PhotoSummary
from ewardrobe.garments.digitize import PhotoFile
from ewardrobe.garments.draft import Photo
from ewardrobe.models import NETWORKS
from ewardrobe.models.weights import WeightsError

TIMED_RUNS = 5
MAX_PHOTOS = 100
"""Photos of an upload: all of them are kept in memory."""

AGREEMENT = {"Garment": False, "Same category": True}
log = logging.getLogger(__name__)


@dataclass
class Comparison:
    """The photos to compare the models on, and what came of it so far.

    number: counted up when the photos are forgotten, so that the widgets get new keys; notes: what was left out, and
    why; place: which photo is shown; runs: by (photo, model), what the model said or why it could not; unreadable: why
    a photo cannot be read; summaries: by photo and settings, see ``views``.
    """

    number: int = 0
    photos: list[Photo | PhotoFile] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    place: int = 0
    runs: dict[tuple[str, str], ModelRun | str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    summaries: dict[tuple, PhotoSummary] = field(default_factory=dict)

    @property
    def photo(self) -> Photo | PhotoFile:
        """The photo that is shown."""
        return self.photos[min(self.place, len(self.photos) - 1)]

    def done(self, photo: Photo | PhotoFile, models: Iterable[str]) -> bool:
        """Tell whether there is nothing left to ask about ``photo``."""
        return photo.key in self.unreadable or all((photo.key, model) in self.runs for model in models)

    def answers(self, photo: Photo | PhotoFile, models: Iterable[str]) -> dict[str, ModelRun]:
        """Return what those of ``models`` said about ``photo`` that did not fail."""
        said = {model: self.runs.get((photo.key, model)) for model in models}
        return {model: run for model, run in said.items() if isinstance(run, ModelRun)}


@dataclass(frozen=True)
class ComparisonSettings:
    """Which models, from which score (0..1) up, and whether they agree only where they name the same category."""

    models: list[str]
    min_score: float
    by_category: bool


@dataclass(frozen=True)
class Start:
    """What a model cost before its usual pace: seconds to load it, seconds of its first photo."""

    load_s: float
    first_s: float


@st.cache_resource
def starts() -> dict[str, Start]:
    """Return the start of each model that this process has asked on this page."""
    return {}


def current_bench() -> Comparison:
    """Return this session's bench."""
    return st.session_state.setdefault("comparing", Comparison())


def start_over() -> None:
    """Forget the photos at hand (callback)."""
    st.session_state["comparing"] = Comparison(current_bench().number + 1)


def short_label(model: str) -> str:
    """Return the model's name without its praise: "U-Net"."""
    return page.MODEL_LABELS.get(model, model).partition(" · ")[0]


def choose(bench: Comparison) -> None:
    """Show the ways in: upload, camera, samples, a folder of this computer."""
    folder = {"Folder": (":material/folder_open:", partial(_folder, bench))}
    choose_photos(partial(take_photos, bench), bench.number, folder, "compare-source")


def take_photos(bench: Comparison, photos: Sequence[Photo]) -> None:
    """Make ``photos`` those at hand: each content once, at most ``MAX_PHOTOS``; ``bench.notes`` says what was left."""
    kept = list({photo.key: photo for photo in reversed(photos)}.values())[::-1]
    bench.photos, bench.notes = list(kept[:MAX_PHOTOS]), []
    if len(kept) < len(photos):
        bench.notes.append("A photo that was given twice is shown once.")
    if left := len(kept) - len(bench.photos):
        bench.notes.append(
            f"{MAX_PHOTOS} photos at a time; {left} were left out: give the folder's path instead, it may hold any "
            "number."
        )


def _folder(bench: Comparison) -> None:
    with st.form(f"folder-{bench.number}", border=False):
        path = st.text_input(
            "A folder on this computer, with all folders in it", key="compare-folder", placeholder="~/Pictures/clothes"
        )
        opened = st.form_submit_button("Open the folder", icon=":material/folder_open:")
    if not opened:
        return
    if not path.strip():
        st.error("Type the folder's path first, such as ~/Pictures/clothes.", icon=":material/error:")
        return
    try:
        bench.photos, bench.notes = [*runs.photos_in(path)], []
    except ImageError as error:
        st.error(page.literal(str(error)), icon=":material/error:")
        return
    st.rerun()


def settings() -> ComparisonSettings:
    """Show in the sidebar which models to run, the confidence, and what counts as agreement."""
    problems = runs.model_problems()
    usable = [name for name, problem in problems.items() if problem is None]
    with st.sidebar:
        words = "A model is asked once about each photo; taking it away and back costs nothing."
        look = {"selection_mode": "multi", "format_func": short_label, "help": words, **page.kept("compare-models")}
        chosen = st.pills("Models to run", usable, default=[n for n in usable if n in NETWORKS], **look)
        score = confidence_slider()
        words = "Two models agree on a pixel where both see a garment, or only where they give it one name."
        look = {"label_visibility": "visible", "persist_state": "session", "help": words}
        way = page.choose_one("What counts as agreement", AGREEMENT, "compare-way", **look)
        for name, problem in problems.items():
            if problem is not None:
                with st.expander(f"{short_label(name)} cannot run", icon=":material/warning:"):
                    st.markdown(page.literal(problem))
    return ComparisonSettings([name for name in usable if name in chosen], score / 100, AGREEMENT[way])


def ask(
    bench: Comparison, photo: Photo | PhotoFile, models: list[str], tell: Callable[[str], object] = lambda model: None
) -> None:
    """Ask each of ``models`` that has not been asked about ``photo``; whatever goes wrong is kept as a message.

    tell: called with the model's name before each is asked.
    """
    if bench.done(photo, models):
        return
    try:
        image = read_image(photo.key, photo)
    except ImageError as error:
        bench.unreadable[photo.key] = str(error)
        return
    for model in models:
        if (photo.key, model) not in bench.runs:
            tell(model)
            bench.runs[photo.key, model] = _run_or_message(image, model)


def _run_or_message(image: np.ndarray, model: str) -> ModelRun | str:
    try:
        begun = time.perf_counter()
        segmenter = page.segmenter(model)
        load_s = time.perf_counter() - begun
        if model not in starts():  # what loading and the first photo cost is noted apart
            starts()[model] = Start(load_s, runs.timed_predict(image, segmenter)[1])
        return runs.run_model(image, segmenter)
    except WeightsError as error:
        return str(error)
    except Exception as error:  # one model's fault must not cost the others' answers
        log.exception("%s failed on a photo of %s", model, image.shape)
        return f"It failed on this photo ({type(error).__name__}: {error}). The log has the details."


def ask_about_shown(bench: Comparison, models: list[str]) -> None:
    """Ask about the photo that is shown, with a progress bar."""
    place, name = st.empty(), page.literal(bench.photo.name)  # always there, or what is open below would close

    def progress(model: str) -> None:
        place.progress(models.index(model) / len(models), f"{short_label(model)} looks at {name} …")

    ask(bench, bench.photo, models, progress)
    place.empty()


def ask_about_all(bench: Comparison, models: list[str]) -> None:
    """Ask about every photo, with progress and the time left; what is done stays done if the person goes elsewhere."""
    todo = [photo for photo in bench.photos if not bench.done(photo, models)]
    bar, begun = st.progress(0.0), time.perf_counter()
    for place, photo in enumerate(todo):
        left = (time.perf_counter() - begun) / place * (len(todo) - place) if place else None
        rest = f", about {left:.0f} s left" if left is not None else ""
        bar.progress(place / len(todo), f"{page.literal(photo.name)} ({place + 1} of {len(todo)}{rest})")
        ask(bench, photo, models)
    bar.empty()


def time_again(bench: Comparison, photo: Photo | PhotoFile, models: list[str]) -> None:
    """Ask the models about ``photo`` another ``TIMED_RUNS`` times, in turns so that a busy moment hits all alike."""
    image = read_image(photo.key, photo)
    bar = st.progress(0.0)
    for turn in range(TIMED_RUNS):
        bar.progress(turn / TIMED_RUNS, f"Measuring: round {turn + 1} of {TIMED_RUNS}")
        for model, run in bench.answers(photo, models).items():
            seconds = runs.timed_predict(image, page.segmenter(model))[1]
            bench.runs[photo.key, model] = run.asked_again(seconds)
    bench.summaries = {key: summary for key, summary in bench.summaries.items() if key[0] != photo.key}
    bar.empty()


def forget_failures(bench: Comparison) -> None:
    """Let the models that failed be asked again (callback)."""
    bench.runs = {key: run for key, run in bench.runs.items() if isinstance(run, ModelRun)}
