"""What makes the live picture calm and quick: the filter, the motion, the smoothing over time, the worker."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ewardrobe.core.detections import Detections
from ewardrobe.tryon.motion import MotionTracker, move_mask, move_points
from ewardrobe.tryon.scene import Scene, WornGarment
from ewardrobe.tryon.smoothing import OneEuro, OutlineFilter, Smoother
from ewardrobe.tryon.spans import measure
from ewardrobe.tryon.worker import InferenceWorker, Job

IDENTITY = np.float64([[1, 0, 0], [0, 1, 0]])


def paper(values, times, min_cutoff, beta, d_cutoff):
    """The one-euro filter as its authors write it, for one number at a time."""

    def smoothing(cutoff, dt):
        r = 2 * math.pi * cutoff * dt
        return r / (r + 1)

    x, dx, out = values[0], 0.0, [values[0]]
    for i in range(1, len(values)):
        dt = times[i] - times[i - 1]
        a = smoothing(d_cutoff, dt)
        dx = a * (values[i] - x) / dt + (1 - a) * dx
        a = smoothing(min_cutoff + beta * abs(dx), dt)
        x = a * values[i] + (1 - a) * x
        out.append(x)
    return out


def test_the_filter_is_the_papers():
    rng = np.random.default_rng(0)
    times, values = np.cumsum(rng.uniform(0.01, 0.1, 60)), np.cumsum(rng.normal(0, 2, (60, 3)), axis=0)
    euro = OneEuro(1.2, 0.05, 0.9)
    seen = np.stack([euro(v, t) for v, t in zip(values, times, strict=True)])
    for column in range(3):
        np.testing.assert_allclose(seen[:, column], paper(values[:, column], times, 1.2, 0.05, 0.9), rtol=1e-9)


def test_a_known_motion_is_not_filtered():
    euro = OneEuro(0.5)
    euro(np.zeros((4, 2)), 0.0)
    motion = np.float64([[1, 0, 30], [0, 1, -5]])
    euro.move(motion)
    np.testing.assert_allclose(euro(np.tile([30.0, -5.0], (4, 1)), 0.1), np.tile([30.0, -5.0], (4, 1)))


def outlines(at: np.ndarray) -> list[np.ndarray]:
    """Noisy outlines (2, 24, 2) whose left end is at each of ``at``."""
    rng, box = np.random.default_rng(4), np.zeros((2, 24, 2))
    box[1, :, 0], box[..., 1] = 200, np.linspace(0, 300, 24)
    return [box + [x, 0] + rng.normal(0, 1, box.shape) for x in at]


def filtered(one, at: np.ndarray) -> np.ndarray:
    return np.stack([one(points, i / 15) for i, points in enumerate(outlines(at))])


def test_an_outline_is_calm_at_rest_and_neither_late_nor_too_far_when_it_moves_and_stops():
    still, moving = np.zeros(45), np.clip(np.arange(45) / 15, 0, 1) * 60
    calm, plain = filtered(OutlineFilter(), still)[15:], filtered(OneEuro(0.8, 0.02), still)[15:]
    assert np.std(calm, axis=0).mean() < min(0.35, 0.8 * np.std(plain, axis=0).mean())
    behind = moving - filtered(OutlineFilter(), moving)[:, 0, :, 0].mean(axis=1)
    assert behind[10:15].max() < 60 * 2 / 30  # two frames of a camera at 30 fps
    assert behind.min() > -3
    assert abs(behind[20:]).max() < 1


def test_a_known_motion_moves_an_outline_exactly():
    one, points = OutlineFilter(), outlines(np.zeros(1))[0]
    one(points, 0.0)
    motion = np.float64([[1.1, -0.2, 30], [0.2, 1.1, -5]])
    one.move(motion)
    moved = move_points(points, motion)
    np.testing.assert_allclose(one(moved, 0.1), moved)


def picture(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (30, 40, 3), dtype=np.uint8)
    return cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("angle", "scale", "shift"),
    [(0, 1, (3, 1.5)), (0, 1, (-8, 0)), (0.4, 1, (0, 0)), (0, 1.008, (0, 0)), (0.3, 0.995, (2, -3))],
)
def test_motion_is_followed_over_ten_frames(angle, scale, shift):
    base, tracker = picture(), MotionTracker()
    step = np.vstack([cv2.getRotationMatrix2D((320, 240), angle, scale), [0, 0, 1]])
    step[:2, 2] += shift
    total = np.eye(3)
    tracker.add(base, 0)
    for i in range(1, 11):
        total = step @ total
        tracker.add(cv2.warpAffine(base, total[:2], (640, 480), borderMode=cv2.BORDER_REFLECT), i)
    points = np.float64([[250, 150], [390, 150], [320, 330]])
    error = move_points(points, tracker.motion_since(0)) - move_points(points, total[:2])
    assert np.hypot(*error.T).max() < 1.5
    np.testing.assert_allclose(tracker.motion_since(10), IDENTITY, atol=1e-9)


def test_camera_noise_is_no_motion():
    rng, tracker = np.random.default_rng(2), MotionTracker()
    for i in range(30):
        noisy = np.clip(picture() + rng.normal(0, 4, (480, 640, 3)), 0, 255).astype(np.uint8)
        tracker.add(noisy, i)
    moved = move_points(np.float64([[320, 240]]), tracker.motion_since(0))
    assert np.hypot(*(moved - [320, 240]).T)[0] < 0.5


def test_a_blank_picture_a_new_size_and_a_forgotten_frame_are_no_motion():
    tracker = MotionTracker()
    for i, size in enumerate([(480, 640, 3), (480, 640, 3), (640, 480, 3), (10, 10, 3)]):
        tracker.add(np.full(size, 127, np.uint8), i)
    np.testing.assert_allclose(tracker.motion_since(0), IDENTITY)
    np.testing.assert_allclose(tracker.motion_since(99), IDENTITY)


def scene(
    number: int, at: float, x: float = 100.0, category_id: int = 1, nobody: bool = False, size=(240, 320)
) -> Scene:
    mask = np.zeros((120, 160), np.float32)
    cv2.rectangle(mask, (round(x / 2), 30), (round(x / 2) + 40, 100), 1, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 1)
    worn = {} if nobody else {"top": WornGarment("top", category_id, 0.9, soft, measure(soft).scaled((2, 2)))}
    return Scene(number, at, size, np.zeros((120, 160), np.float32), Detections.empty(120, 160), worn)


def test_a_garment_that_moves_with_the_picture_does_not_lag():
    smoother, motion = Smoother(), np.float64([[1, 0, 8], [0, 1, 0]])
    for i in range(10):
        smooth = smoother.add(scene(i, i / 15, 60 + 8 * i), motion if i else IDENTITY)
    assert smooth.worn["top"].spans.left.mean() == pytest.approx(
        scene(0, 0, 60 + 72).worn["top"].spans.left.mean(), abs=0.6
    )
    assert np.abs(smooth.worn["top"].mask - scene(0, 0, 60 + 72).worn["top"].mask).mean() < 0.01


def test_jitter_of_the_outline_is_filtered():
    smoother, rng, seen, raw = Smoother(), np.random.default_rng(0), [], []
    for i in range(60):
        new = scene(i, i / 15)
        noisy = new.worn["top"].spans.points + rng.normal(0, 1, (2, 24, 2)).astype(np.float32)
        new.worn["top"].spans.points[:] = noisy
        raw.append(noisy)
        seen.append(smoother.add(new, IDENTITY).worn["top"].spans.points)
    assert np.std(raw[20:], axis=0).mean() > 0.9
    assert np.std(seen[20:], axis=0).mean() <= 0.5


def test_grace_then_fade_then_a_fresh_start():
    smoother = Smoother()
    assert smoother.strength(0.0) == 0
    smoother.add(scene(0, 0.0), IDENTITY)
    smoother.add(scene(1, 0.1, nobody=True), IDENTITY)
    assert smoother.strength(0.3) == 1
    assert smoother.strength(0.6) == pytest.approx(0.5)
    assert smoother.strength(0.9) == 0
    assert "top" in smoother.scene.worn  # it fades where it was
    smoother.add(scene(2, 0.9, nobody=True), IDENTITY)
    fresh = smoother.add(scene(3, 1.0, x=200), IDENTITY)
    np.testing.assert_allclose(fresh.worn["top"].mask, scene(3, 1.0, x=200).worn["top"].mask)
    assert smoother.strength(1.0) == 1


def test_a_slow_model_does_not_fade_the_garment_but_a_dead_one_does():
    smoother = Smoother()
    smoother.add(scene(0, 0.0), IDENTITY)
    assert smoother.strength(1.5) == 1
    assert smoother.strength(5.0) == 0


def test_a_category_changes_only_when_the_model_insists():
    smoother, named = Smoother(), []
    for i, category_id in enumerate([1, 1, 2, 1, 2, 2, 2, 2]):
        named.append(smoother.add(scene(i, i / 15, category_id=category_id), IDENTITY).worn["top"].category_id)
    assert named == [1, 1, 1, 1, 1, 1, 2, 2]


def test_the_skins_colour_changes_slowly_and_stays():
    smoother, seen = Smoother(), []
    for i, value in enumerate([100, 200, None, 200]):
        skin = None if value is None else np.full(3, value, np.float32)
        seen.append(float(smoother.add(replace(scene(i, i / 15), skin=skin), IDENTITY).skin[0]))
    assert seen == pytest.approx([100, 110, 110, 119])


def test_one_missed_garment_stays_for_its_grace():
    smoother = Smoother()
    both = scene(0, 0.0)
    both.worn["bottom"] = WornGarment("bottom", 8, 0.9, both.worn["top"].mask, both.worn["top"].spans)
    smoother.add(both, IDENTITY)
    assert set(smoother.add(scene(1, 0.1), IDENTITY).worn) == {"top", "bottom"}
    for i in range(2, 9):
        last = smoother.add(scene(i, i / 10), IDENTITY)
    assert set(last.worn) == {"top"}


def test_another_picture_size_starts_afresh():
    smoother = Smoother()
    smoother.add(scene(0, 0.0), IDENTITY)
    assert smoother.add(scene(1, 0.1, x=200, size=(480, 640)), IDENTITY).worn["top"].spans.left.mean() > 190


def test_a_mask_moves_in_frame_pixels():
    mask = np.zeros((60, 80), np.float32)
    mask[20:30, 20:30] = 1
    moved = move_mask(mask, np.float64([[1, 0, 16], [0, 1, 8]]), (480, 640))
    np.testing.assert_allclose(moved[21:31, 22:32], 1, atol=1e-5)
    assert moved.sum() == pytest.approx(100, abs=1e-3)


def job(number: int) -> Job:
    return Job(np.zeros((4, 4, 3), np.uint8), number, float(number))


def wait(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.005)
    return condition()


def test_only_the_newest_frame_is_looked_at():
    seen, gate = [], threading.Event()

    def look(one):
        seen.append(one.frame_id)
        gate.wait(10)

    worker = InferenceWorker(look)
    worker.submit(job(0))
    assert wait(lambda: seen == [0])
    for i in range(1, 6):
        worker.submit(job(i))
    gate.set()
    assert wait(lambda: seen == [0, 5])
    assert worker.stop()


def test_a_failing_model_is_told_once_and_recovers(caplog):
    def look(one):
        if one.frame_id < 3:
            raise RuntimeError(f"no layer for frame {one.frame_id}")

    worker = InferenceWorker(look)
    for i in range(4):
        worker.submit(job(i))
        assert wait(lambda i=i: len(worker.finished) == i + 1)
        assert worker.error == (f"RuntimeError: no layer for frame {i}" if i < 3 else None)
    assert worker.stop()
    assert sum("no layer for frame" in (r.exc_text or "") for r in caplog.records) == 1, "one kind fills no log"


def test_workers_leave_no_thread():
    before = threading.active_count()
    waiting = InferenceWorker(lambda one: None)
    assert threading.active_count() == before, "a page whose stream has not begun needs none"
    waiting.submit(job(0))
    assert wait(lambda: len(waiting.finished) == 1) and waiting.stop()
    for _ in range(20):
        assert InferenceWorker(lambda one: None).stop()
    assert threading.active_count() == before
