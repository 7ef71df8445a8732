"""The page Live try-on: its state, its settings, the stream and how fast everything goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import streamlit as st

from ewardrobe.app import page
from ewardrobe.app.live import clip, stream
from ewardrobe.app.live.stream import StreamState
from ewardrobe.evaluation.comparison.runs import model_problems
from ewardrobe.models import LIVE_MODEL, NETWORKS
from ewardrobe.tryon.compositor import Look
from ewardrobe.tryon.rack import Hanger
from ewardrobe.tryon.session import PARSER, PRESETS, SIZES, LiveSession, Stats

READOUT_SECONDS = 1.0
BUSY = "The computer is busy: close other programs, or choose Fast in the sidebar."
SOURCES = {
    "Camera": ":material/videocam: Camera",
    "Sample clip": ":material/movie: Sample clip",
    "Video": ":material/upload: Video",
}
"""Where the picture comes from."""


@dataclass(frozen=True, eq=False)
class Shot:
    """A captured picture: raw as the camera gave it (not mirrored) and composed as shown, RGB uint8 (H, W, 3).

    name: of its file, without ending; worn: names by wardrobe id of the garments drawn in it.
    """

    name: str
    raw: np.ndarray
    composed: np.ndarray
    worn: dict[str, str]


@dataclass
class Room:
    """The fitting room of one tab: what is worn (key by slot), what was cut here, and the capture under way.

    left_over: names of what of an outfit cannot be shown; look: as it is drawn now; samples: the drawn garments hang
    beside the wardrobe's; due: seconds of ``time.monotonic`` at which the picture is taken; kept: the last picture
    lies in the wardrobe; leaving: it was sent to Add garments, where the person is to follow.
    """

    worn: dict[str, str] = field(default_factory=dict)
    left_over: list[str] = field(default_factory=list)
    look: Look = field(default_factory=Look)
    cut: list[Hanger] = field(default_factory=list)
    samples: bool = False
    due: float | None = None
    shot: Shot | None = None
    shots: int = 0
    kept: bool = False
    leaving: bool = False


@dataclass(frozen=True)
class LiveSettings:
    """model: name of the segmenter; preset: one of ``tryon.session.PRESETS``; mirror: as in a mirror."""

    model: str
    preset: str
    mirror: bool


def current_room() -> Room:
    """Return this tab's fitting room."""
    return st.session_state.setdefault("fitting-room", Room())


def settings() -> LiveSettings | None:
    """Show the settings in the sidebar; ``None`` where a model cannot be used, which is said on the page."""
    with st.sidebar:
        words = "What finds the garments. The U-Net looks for hair and hands in any case."
        model = page.pick_model(LIVE_MODEL, "live-model", NETWORKS, help=words)
        sizes = ", ".join(f"{name} {size} px" for name, size in SIZES.items())
        about = f"Size of the picture that the models see, {sizes}. Auto takes what this machine is fast enough for."
        look = {"format_func": str.capitalize, "help": about, **page.kept("live-preset")}
        preset = st.select_slider("Quality", PRESETS, **look)
        mirror = st.toggle("Mirror", True, help="As in a mirror", **page.kept("live-mirror"))
    broken = {name: problem for name, problem in model_problems().items() if problem and name in (model, PARSER)}
    for name, problem in broken.items():
        st.error(f"**{page.MODEL_LABELS[name]} cannot be used.** {page.literal(problem)}", icon=":material/error:")
    if broken:
        st.caption("Or choose another model in the sidebar." if PARSER not in broken else "The live view needs it.")
    return None if broken else LiveSettings(model, preset, mirror)


def open_stream(room: Room, chosen: LiveSettings) -> tuple[LiveSession | None, StreamState]:
    """Show the camera or a clip, and return what draws it (``None`` while no video is chosen) and how it goes."""
    source = page.choose_one(
        "Picture from", SOURCES, "live-source", format_func=SOURCES.__getitem__, persist_state="session"
    )
    if source == "Camera":
        session = _session("live", room, chosen)
        state = stream.stream(session, "live")
    else:
        video = clip.sample_clip() if source == "Sample clip" else clip.uploaded_video("live-video")
        if video is None:
            return None, StreamState()
        key = f"live-clip-{id(video.source) if isinstance(video.source, bytes) else video.name}"
        session = _session(key, room, chosen)
        state = stream.play_clip(session, key, partial(clip.ClipPlayer, video))
    if state.why_not:
        st.warning(state.why_not, icon=":material/videocam_off:")
    return session, state


def _session(key: str, room: Room, chosen: LiveSettings) -> LiveSession:
    make = partial(LiveSession, chosen.model, look=room.look, mirror=chosen.mirror, preset=chosen.preset)
    session = stream.live_session(key, make)
    session.model, session.preset, session.mirror = chosen.model, chosen.preset, chosen.mirror
    session.look = room.look
    return session


def readout(session: LiveSession | None, playing: bool, preset: str) -> None:
    """Show pace and age of what is seen, and what went wrong, anew every second while the stream plays."""
    if session is not None:
        st.fragment(_readout, run_every=READOUT_SECONDS if playing else None)(session, playing, preset)


def _readout(session: LiveSession, playing: bool, preset: str) -> None:
    stats = session.stats()
    if playing:
        st.caption(pace(stats, preset))
        if said := BUSY if session.is_late() else advice(session.missing(), tuple(session.look.garments)):
            st.caption(f":material/info: {said}")
    if playing and stats.error:
        st.warning(
            f"**A frame failed; the picture goes on without it.** {page.literal(stats.error)}", icon=":material/error:"
        )


def advice(missing: tuple[str, ...], worn: tuple[str, ...]) -> str | None:
    """Return what to do so that the chosen garments are seen, ``missing`` of the slots ``worn``; None if all are.

    >>> advice(("bottom",), ("top", "bottom"))
    'No trousers or skirt in the picture to put the chosen one over: step back.'
    """
    if not missing:
        return None
    if set(missing) == set(worn) and missing != ("bottom",):
        return "Nobody to dress is in the picture: step in front of the camera, upper body in view."
    if "bottom" in missing:
        return "No trousers or skirt in the picture to put the chosen one over: step back."
    return "Not everything that you chose finds its place: show your whole upper body."


def pace(stats: Stats, preset: str) -> str:
    """Return the readout: "Camera 30 fps · drawing 4 ms · models 18 a second at 256 px (auto) · result 60 ms old"."""
    parts = [f"Camera **{stats.camera_fps:.0f} fps**", f"drawing **{stats.frame_ms:.0f} ms**"]
    if stats.result_age_ms is None:
        return " · ".join([*parts, "waiting for the models"])
    size = f"{stats.size} px (auto)" if preset == "auto" else f"{stats.size} px"
    parts += [f"models **{stats.inference_hz:.0f} a second** at {size}", f"result **{stats.result_age_ms:.0f} ms** old"]
    return " · ".join(parts)
