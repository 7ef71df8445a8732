"""Frames of a video file, read with PyAV: checked when it is opened, decoded while it plays."""

from __future__ import annotations

import io
import itertools
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

_MATRIX = struct.Struct("=9i")
LOGGER = logging.getLogger(__name__)
MAX_SECONDS = 180.0
MAX_SIDE = 960
"""Pixels of the long side that frames are reduced to while they are read: the live view works on no more."""

MAX_FPS = 30.0
"""Frames beyond this rate are left out: a 60-fps clip would cost twice the work and look the same."""


class VideoError(ValueError):
    """The file cannot be played; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Video:
    """A video that can be played: its first frame has been decoded.

    source: its bytes or its file; size: (height, width) as shown, before any reduction; seconds: None if not told.
    """

    source: bytes | Path
    name: str
    size: tuple[int, int]
    fps: float
    seconds: float | None


def open_video(source: bytes | Path, name: str = "video") -> Video:
    """Return the video in ``source`` (MP4, MOV, WebM, MKV, AVI); ``VideoError`` if it cannot be played."""
    try:
        with _container(source) as container:
            return _describe(container, source, name)
    except VideoError:
        raise
    except Exception as error:  # whatever a decoder raises
        raise VideoError(f"{name}: not a video that can be read. Take an MP4, MOV, WebM, MKV or AVI file.") from error


def _container(source: bytes | Path) -> InputContainer:
    """Open ``source`` anew: each reader has its own place in it.

    FFmpeg is told the format and not left to guess: a playlist in disguise would make it open other files, or the
    network.
    """
    if isinstance(source, bytes):
        return av.open(io.BytesIO(source), mode="r", format=_format_of(source[:16]))
    with open(source, "rb") as file:
        head = file.read(16)
    return av.open(str(source), mode="r", format=_format_of(head))


def _format_of(head: bytes) -> str:
    """Return FFmpeg's name of the format of a file that begins with ``head``; ``ValueError`` for any other."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "avi"
    raise ValueError("neither MP4, MOV, WebM, MKV nor AVI")


def _describe(container: InputContainer, source: bytes | Path, name: str) -> Video:
    if not container.streams.video:
        raise VideoError(f"{name}: there is no picture in it, only sound. Take a video.")
    stream = container.streams.video[0]
    seconds = _seconds(container, stream)
    if seconds is not None and seconds > MAX_SECONDS:
        raise VideoError(f"{name}: {seconds:.0f} seconds long; at most {MAX_SECONDS:.0f} can be played. Cut it first.")
    first = next(container.decode(stream), None)
    if first is None:
        raise VideoError(f"{name}: there is not one frame in it. Is it complete?")
    size = (first.width, first.height) if _placement(first)[0] else (first.height, first.width)
    rate = float(stream.average_rate or stream.guessed_rate or 25)  # some browsers' recordings tell none
    return Video(source, name, size, min(max(rate, 1.0), MAX_FPS), seconds)


def _seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the length that the file tells; pictures of "1 frame for ever" and recordings tell none."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def play(video: Video, loop: bool = True) -> Iterator[tuple[np.ndarray, float]]:
    """Yield (frame, seconds since the start), in order; with ``loop`` again and again.

    Frames: RGB uint8 (H, W, 3), upright, long side ≤ ``MAX_SIDE``, at most ``MAX_FPS`` of them a second.  A fault in
    the middle of the file ends the round there.  Ends when a round yields nothing.
    """
    start = 0.0
    for _ in itertools.count() if loop else range(1):
        last = None
        for frame, seconds in _one_round(video):
            last = seconds
            yield frame, start + seconds
        if last is None:
            return
        start += last + 1 / video.fps


def _one_round(video: Video) -> Iterator[tuple[np.ndarray, float]]:
    first, due = None, 0.0
    try:
        with _container(video.source) as container:
            container.streams.video[0].thread_type = "AUTO"
            for number, frame in enumerate(container.decode(container.streams.video[0])):
                seconds = number / video.fps if frame.time is None else float(frame.time)
                first = seconds if first is None else first
                seconds = max(seconds - first, 0.0)
                if seconds > MAX_SECONDS:  # of a file that told no length
                    return
                if seconds + 1e-3 >= due:
                    due = seconds + 0.9 / MAX_FPS
                    yield upright(frame), seconds
    except Exception as error:  # whatever a decoder raises, also of a file that is gone by now
        LOGGER.info("%s: read up to a fault: %s", video.name, error)


def upright(frame: av.VideoFrame) -> np.ndarray:
    """Return a decoded frame as RGB uint8 (H, W, 3), reduced to ``MAX_SIDE``, turned and mirrored as it is shown."""
    scale = min(1.0, MAX_SIDE / max(frame.width, frame.height))
    width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    pixels = frame.to_ndarray(format="rgb24", width=width, height=height)
    swapped, up, left = _placement(frame)
    pixels = pixels.swapaxes(0, 1) if swapped else pixels
    return np.ascontiguousarray(pixels[:: -1 if up else 1, :: -1 if left else 1])


def _placement(frame: av.VideoFrame) -> tuple[bool, bool, bool]:
    """Return what the frame's display matrix does: swap rows and columns, then reverse the rows, the columns.

    It maps a stored place (x, y) to (a·x + c·y, b·x + d·y): 16.16 numbers a, b, u, c, d, v, x, y, w.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    found = b"" if matrix is None else bytes(matrix)
    if len(found) < _MATRIX.size:
        return False, False, False
    a, b, _, c, d, *_ = _MATRIX.unpack_from(found)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, d < 0, a < 0
    return True, b < 0, c < 0


def write_video(path: Path, frames: list[np.ndarray], fps: int) -> None:
    """Write RGB uint8 frames (H, W, 3), H and W even, all of one size, as an MP4 of JPEG pictures.

    Every build of FFmpeg has that encoder, and its frames need no others to be decoded.
    """
    height, width = frames[0].shape[:2]
    with av.open(str(path), "w", format="mov") as container:
        stream = container.add_stream("mjpeg", rate=fps)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj420p"
        stream.codec_context.qmin, stream.codec_context.qmax = 2, 4
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
