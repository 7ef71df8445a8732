"""Videos in place of the camera: the sample clip, rendered once, and uploaded files, sent through the same stream."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
import streamlit as st
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from filelock import FileLock

from ewardrobe.app.live.stream import end_others
from ewardrobe.app.page import PHOTO_MB, literal
from ewardrobe.core import process
from ewardrobe.core.video import Video, VideoError, open_video, play, write_video
from ewardrobe.datasets.synthetic import render_clip

LOGGER = logging.getLogger(__name__)
VIDEO_TYPES = ["mp4", "mov", "m4v", "webm", "mkv", "avi"]
CLOCK = Fraction(1, 90_000)
"""The time base of pictures in RTP (RFC 3551)."""

LATE_SECONDS = 0.5
"""A clip that is decoded too slowly plays slower from here on, instead of hurrying after its clock."""

SAMPLE_FRAMES, SAMPLE_FPS, SAMPLE_SIZE = 45, 15, (480, 640)
"""The sample clip: short sleeves over trousers, 3 s, in which the right arm passes in front of the trunk and back."""


class ClipTrack(MediaStreamTrack):
    """A video as a WebRTC track: decoded in a thread of its own, paced by its own times."""

    kind = "video"

    def __init__(self, frames: Iterator[tuple[np.ndarray, float]]) -> None:
        """frames: (RGB uint8 (H, W, 3), seconds since the start) as `core.video.play` yields them."""
        super().__init__()
        self._frames = frames
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="clip-reader")
        self._start: float | None = None

    async def recv(self) -> av.VideoFrame:
        """Return the next frame when it is due; ``MediaStreamError`` after the last one."""
        if self.readyState != "live":
            raise MediaStreamError
        try:
            item = await asyncio.get_running_loop().run_in_executor(self._reader, partial(next, self._frames, None))
        except RuntimeError as error:  # stopped meanwhile: the reader takes no more work
            raise MediaStreamError from error
        if item is None:
            self.stop()
            raise MediaStreamError
        picture, seconds = item
        await asyncio.sleep(self._wait(seconds))
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = round(seconds / CLOCK), CLOCK
        return frame

    def _wait(self, seconds: float) -> float:
        """Return how long it is until the frame of ``seconds`` is due."""
        now = time.monotonic()
        if self._start is None or now - self._start - seconds > LATE_SECONDS:
            self._start = now - seconds
        return max(self._start + seconds - now, 0.0)

    def stop(self) -> None:
        """End the track, and its thread after the frame that it is at."""
        super().stop()
        self._reader.shutdown(wait=False)  # a cancelled read would end the relay's task before it told anybody


class ClipPlayer:
    """What streamlit-webrtc takes for a player: a video track, no sound."""

    audio = None

    def __init__(self, video: Video) -> None:
        """video: played from its start, again and again, until the stream ends."""
        self.video = ClipTrack(play(video))


_DRAWER = ThreadPoolExecutor(1, thread_name_prefix="sample-clip")
_DRAWINGS: dict[Path, Future[None]] = {}
"""Drawings of the sample clip, in a thread of their own: a run of the page that is cut short starts nothing anew."""

_DRAWN: dict[Path, float] = {}
"""The part of each that is done, 0..1."""

_LOCK = threading.Lock()


def sample_clip() -> Video:
    """Return the sample clip; the first time it is drawn, with a progress bar, which takes some seconds.

    Raises ``VideoError`` where the cache folder cannot be written.
    """
    path = process.cache_dir() / "sample_clip_2.mov"  # the number: of what is drawn, counted up with every change
    if not path.is_file():
        end_others()  # it needs the processor, and what was shown before goes on until this run ends
        with _LOCK:  # one drawing for all tabs of this process
            if path not in _DRAWINGS or _DRAWINGS[path].done():
                _DRAWINGS[path] = _DRAWER.submit(render_sample, path, partial(_DRAWN.__setitem__, path))
            drawing, bar = _DRAWINGS[path], st.empty()
        while not drawing.done():
            bar.progress(_DRAWN.get(path, 0.0), "Drawing the sample clip, once …")
            time.sleep(0.2)
        bar.empty()
        if error := drawing.exception():
            LOGGER.error("The sample clip could not be drawn", exc_info=error)
            raise VideoError(f"The sample clip could not be drawn: {error}") from error
    return open_video(path, "Sample clip")


def render_sample(path: Path, tell: Callable[[float], object] = lambda done: None) -> None:
    """Write the sample clip to ``path``, whole or not at all; ``tell`` is called with the part done, 0..1.

    It plays forward and then backward, so that it has no jump where it begins again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # another process waits for this one's clip
        if path.is_file():
            return
        frames = []
        clip = render_clip(7, SAMPLE_FRAMES, SAMPLE_SIZE, SAMPLE_FPS, category_ids=(1, 8))
        for number, (frame, _, _) in enumerate(clip, 1):
            frames.append(frame)
            tell(number / SAMPLE_FRAMES)
        temporary = path.with_suffix(".part")
        write_video(temporary, frames + frames[-2:0:-1], SAMPLE_FPS)
        temporary.replace(path)


def uploaded_video(key: str) -> Video | None:
    """Show the upload of a video; return it, or None while there is none or it cannot be played (which is said)."""
    about = "Up to three minutes. It stays on this machine."
    file = st.file_uploader("Video", VIDEO_TYPES, key=key, help=about, max_upload_size=PHOTO_MB)
    if file is None:
        end_others()
        return None
    try:
        return _opened(file.file_id, file.name, file)
    except VideoError as error:
        end_others()
        st.error(literal(str(error)), icon=":material/error:")
        return None


@st.cache_resource(show_spinner=False, max_entries=4, scope="session")
def _opened(file_id: str, name: str, _file) -> Video:
    return open_video(_file.getvalue(), name)
