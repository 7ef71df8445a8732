"""The live view on clips with a known truth: how calm, how late, how far off, and what it covers of a passing hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import cast

import numpy as np
import pandas as pd

from ewardrobe.core.masks import mask_iou
from ewardrobe.core.taxonomy import category
from ewardrobe.datasets import synthetic
from ewardrobe.evaluation.benchmarks import clips, fit
from ewardrobe.evaluation.benchmarks.clips import FPS, Frame
from ewardrobe.evaluation.benchmarks.fit import FitCase
from ewardrobe.evaluation.benchmarks.pace import paced
from ewardrobe.models import Parser, cache
from ewardrobe.tryon.compositor import ComposedState, Look, drawn_alpha
from ewardrobe.tryon.motion import move_mask, move_points
from ewardrobe.tryon.scene import read_scene
from ewardrobe.tryon.session import LiveSession
from ewardrobe.tryon.target import target

WARM_SECONDS = 1.5
"""What a clip runs before anything is counted: filters settle, caches fill."""

EVERY = 10
"""The drawn region of every tenth frame is compared with the truth."""

MISSED = 0.1
"""A clip in which the garment is missing in a larger share of the frames says nothing about calm."""

FIGURES = ("seen", "jitter_px_rms", "lag_frames", "overshoot_px", "fit_iou", "hand_covered")
CANDIDATES, MIN_GARMENT = 8, 0.04


@dataclass(frozen=True, eq=False)
class Subject:
    """Someone in front of the camera: picture (480, 640, 3) RGB uint8, garment's mask (480, 640) bool, its category."""

    source: str
    picture: np.ndarray
    mask: np.ndarray
    category_id: int


def rendered_subject(model: str) -> Subject:
    """Return the drawn person, of ``CANDIDATES``, whose top the model sees best: calm needs to be seen at all."""
    segmenter, parser = cache.segmenter(model), cast(Parser, cache.segmenter("unet"))
    found: list[tuple[float, Subject]] = []
    for seed in range(CANDIDATES):
        worn = (1, 8) if seed % 2 else (2, 8)
        photo = synthetic.render_person(seed=seed, category_ids=worn, size=clips.SIZE, framing="half")
        top = next((item for item in photo.items if item["category_id"] == worn[0]), None)
        if top is not None:
            scene = read_scene(photo.image, segmenter, parser, frame_id=0, time=0.0)
            seen = fit.judged(FitCase(photo.image, top["mask"], photo.parsing, worn[0]), scene)[0]
            found.append((seen, Subject("rendered", photo.image, top["mask"], worn[0])))
    return max(found, key=itemgetter(0))[1]


def photo_subjects(cases: Iterable[FitCase], count: int) -> list[Subject]:
    """Return ``count`` of the cases, evenly spread: a large enough garment of the upper body, framed as by a webcam."""
    usable = [c for c in cases if category(c.category_id).slot != "bottom" and c.mask.mean() >= MIN_GARMENT]
    places = np.linspace(0, len(usable) - 1, min(count, len(usable))).round().astype(int)
    chosen = [usable[i] for i in places]
    return [Subject("photo", *clips.framed(c.image, c.mask), c.category_id) for c in chosen]


def calm(model: str, subjects: Iterable[Subject], seconds: float, tell: Callable = lambda text: None) -> dict:
    """Return jitter_px_rms (still), lag_frames (pan), overshoot_px (stop) over all subjects, and ``clips``: a row for
    each kind of clip and source, with the ``FIGURES``, means over its subjects (of overshoot: the worst).

    Where the garment was seen in too few frames a figure is ``None``.
    """
    rows = []
    for number, subject in enumerate(subjects):
        for kind in clips.MOTIONS:
            tell(f"clip {kind}, {subject.source} {number}")
            rows.append({"source": subject.source, "kind": kind} | measured(model, subject, kind, seconds))
    by_kind = {row["kind"]: row for row in summaries(rows, ["kind"])}
    chosen = (("still", "jitter_px_rms"), ("pan", "lag_frames"), ("stop", "overshoot_px"))
    return {figure: by_kind[kind][figure] for kind, figure in chosen} | {"clips": summaries(rows, ["source", "kind"])}


def summaries(rows: list[dict], by: list[str]) -> list[dict]:
    """Return a row for each group ``by`` of columns: ``pictures`` and ``FIGURES``, means and the worst overshoot."""
    table = pd.DataFrame(rows).astype(dict.fromkeys(FIGURES, float)).assign(pictures=1)
    how = {"pictures": "sum"} | dict.fromkeys(FIGURES, "mean") | {"overshoot_px": "max"}
    found = table.groupby(by, sort=False).agg(how).reset_index().astype(object)
    return found.where(found.notna(), None).to_dict("records")


def measured(model: str, subject: Subject, kind: str, seconds: float) -> dict:
    """Run one clip in real time, and return its ``FIGURES``.

    The anchors are the four ends of the garment's first and last row as drawn; jitter is their RMS distance from where
    the known motion takes their mean, lag what was late taken out; the lag is the shift in time that fits best.
    """
    look, slot = fit.look_of(subject.category_id), category(subject.category_id).slot
    anchors, motions, fits, covered = [], [], [], []
    with closing(LiveSession(model, look=look, mirror=False, preset="balanced")) as session:
        for number, frame in _frames(session, subject, kind, seconds):
            state = session.state()
            anchors.append(_anchors(state, slot))
            motions.append(frame.motion)
            if number % EVERY == 0:
                iou, hand = _region(state, look, frame, subject.mask)
                fits.append(iou)
                covered += [] if hand is None else [hand]
    calm = _calm(anchors, np.stack(motions), kind)
    return calm | {"fit_iou": float(np.mean(fits)), "hand_covered": float(np.mean(covered)) if covered else None}


def _frames(session: LiveSession, subject: Subject, kind: str, seconds: float):
    """Yield number and frame of a clip, each drawn by the session already, after a still beginning."""
    clip = list(clips.moved(subject.picture, kind, round(seconds * FPS)))  # beforehand: the camera's work
    begin = list(islice(clips.moved(subject.picture, "still", 8, seed=1), 8))
    warm = (begin[i % len(begin)] for i in range(round(WARM_SECONDS * FPS)))
    for frame, _ in paced(warm):
        session.process(frame.image)
    for number, (frame, _) in enumerate(paced(clip)):
        session.process(frame.image)
        yield number, frame


def _anchors(state: ComposedState | None, slot: str) -> np.ndarray | None:
    if state is None or state.strength <= 0 or (worn := target(state.scene, slot)) is None:
        return None
    return move_points(worn.spans.points[:, [0, -1]].reshape(4, 2), state.motion)


def _region(state: ComposedState | None, look: Look, frame: Frame, mask: np.ndarray) -> tuple[float, float | None]:
    """Return the drawn region's IoU with the worn one's, and the share of the hand before it that is drawn over."""
    there = move_mask(mask.astype(np.float32), frame.motion, mask.shape) > 0.5
    drawn = np.zeros(mask.shape, bool) if state is None else drawn_alpha(state, look, frame.image) > 0.5
    hand = np.zeros(mask.shape, bool) if frame.hand is None else frame.hand
    before = hand & there
    return mask_iou(drawn, there & ~hand), float((drawn & before).sum() / before.sum()) if before.sum() > 50 else None


def _calm(anchors: list[np.ndarray | None], motions: np.ndarray, kind: str) -> dict:
    there = np.array([points is not None for points in anchors])
    result = dict.fromkeys(FIGURES) | {"seen": float(there.mean())}
    if there.mean() < 1 - MISSED:
        return result
    path = np.stack([points for points in anchors if points is not None])
    motions = motions[there]
    late = 0.0 if kind in clips.UNMOVED else lag(path, motions)
    result["jitter_px_rms"] = float(np.sqrt((_residual(path, motions, late) ** 2).sum(axis=-1).mean()))
    result["lag_frames"] = None if kind in clips.UNMOVED else late
    if kind == "stop":
        result["overshoot_px"] = overshoot(path.mean(axis=1)[:, 0], motions[:, 0, 2])
    return result


def lag(path: np.ndarray, motions: np.ndarray, most: float = 12.0) -> float:
    """Return by how many frames ``path`` (T, N, 2) float64 follows ``motions`` (T, 2, 3): where least is left over."""
    shifts = np.arange(0, min(most, len(path) / 3), 0.1)
    inner = slice(int(shifts[-1]) + 1, None)
    return float(shifts[int(np.argmin([(_residual(path, motions, s)[inner] ** 2).mean() for s in shifts]))])


def _residual(path: np.ndarray, motions: np.ndarray, late: float) -> np.ndarray:
    """Return (T, N, 2): how far the anchors are from where the motions of ``late`` frames ago take their still mean."""
    at = np.arange(len(motions))
    flat = motions.reshape(len(motions), 6)
    shifted = np.stack([np.interp(at - late, at, column) for column in flat.T], axis=1).reshape(-1, 2, 3)
    inverse = np.linalg.inv(shifted[:, :, :2])
    still = np.einsum("tij,tnj->tni", inverse, path - shifted[:, None, :, 2])
    return np.einsum("tij,tnj->tni", shifted[:, :, :2], still - still.mean(axis=0))


def overshoot(path: np.ndarray, truth: np.ndarray) -> float:
    """Return by how many pixels a path goes beyond where it stops; path and truth: (T,) float64 pixels."""
    offset = np.median(path[-15:] - truth[-15:])
    return float(max(0.0, (path - offset - truth.max()).max()))
