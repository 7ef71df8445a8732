"""A live session with models that are quick, slow, broken or changed, and with every kind of camera picture."""

from __future__ import annotations

import logging
import sys
import threading
import time

import cv2
import numpy as np
import pytest
from stand_ins import StandIn

from ewardrobe.core.detections import Detections
from ewardrobe.models.unet import GARMENTS, decode
from ewardrobe.tryon.compositor import Look
from ewardrobe.tryon.garment import prepare
from ewardrobe.tryon.motion import MotionTracker, move_points
from ewardrobe.tryon.scene import read_scene
from ewardrobe.tryon.session import SIZES, LiveSession
from ewardrobe.tryon.worker import InferenceWorker, Job

RED, GREEN = (200, 30, 30), (20, 160, 40)
SKIN = (224, 172, 140)


class Model(StandIn):
    """Sees red as a T-shirt and skin's colour as skin; stands for the chosen model and for the parser."""

    def __init__(self, seconds: float = 0.0, category_id: int = 1) -> None:
        self.seconds, self.category_id, self.sizes = seconds, category_id, []
        self.error: Exception | None = None

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        self.sizes.append(image.shape[:2])
        time.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        mask = near(image, RED) | near(image, GREEN)
        masks = mask[None] if mask.any() else np.zeros((0, *mask.shape), bool)
        return Detections.from_masks(masks, [self.category_id] * len(masks), [0.9] * len(masks))

    def parse(self, image: np.ndarray) -> np.ndarray:
        parsing = np.zeros((GARMENTS + 5, *image.shape[:2]), np.float32)
        parsing[self.category_id - 1], parsing[GARMENTS] = near(image, RED), near(image, SKIN)
        half = tuple(-(-side // 2) for side in image.shape[1::-1])
        return np.stack([cv2.resize(p, half, interpolation=cv2.INTER_AREA) for p in parsing])

    def garments(self, parsing: np.ndarray, image_size: tuple[int, int], min_score: float) -> Detections:
        return decode(parsing, image_size, min_score)


def near(image: np.ndarray, colour) -> np.ndarray:
    return np.abs(image.astype(int) - colour).max(axis=2) < 40


def person(size=(480, 640), x: float = 0.5) -> np.ndarray:
    """A frame with someone in a red T-shirt whose middle is at the share ``x`` of the width."""
    height, width = size
    frame = np.full((height, width, 3), 235, np.uint8)
    half = max(2, min(height, width) // 6)
    cx = round(x * width)
    cv2.rectangle(frame, (cx - half, height // 3), (cx + half, round(height * 0.9)), RED, -1)
    cv2.circle(frame, (cx, height // 5), max(1, half // 2), SKIN, -1)
    return frame


def nobody(size=(480, 640)) -> np.ndarray:
    return np.full((*size, 3), 235, np.uint8)


def garment(colour=GREEN, category_id: int = 1):
    rgba = np.zeros((200, 160, 4), np.uint8)
    rgba[20:180, 20:140] = (*colour, 255)
    return prepare(rgba, category_id)


def dressed(colour=GREEN) -> Look:
    return Look(garments={"top": garment(colour)})


def wait(condition, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.005)
    return condition()


def greenness(out: np.ndarray) -> float:
    """Share of the picture that a green garment covers."""
    return float((out[..., 1].astype(int) > out[..., 0].astype(int) + 40).mean())


@pytest.fixture
def open_session():
    opened = []

    def open_it(model=None, **options) -> LiveSession:
        model = model or Model()
        opened.append(LiveSession("any", load=lambda name: model, **{"mirror": False, "look": dressed(), **options}))
        return opened[-1]

    yield open_it
    for session in opened:
        session.close()


def until_green(session: LiveSession, frame: np.ndarray) -> bool:
    return wait(lambda: greenness(session.process(frame)) > 0.02)


def test_a_garment_is_worn_where_the_model_sees_one(open_session):
    frame = person()
    before, session = frame.copy(), open_session()
    assert until_green(session, frame)
    out = session.process(frame)
    assert out[300, 320, 1] > out[300, 320, 0]
    np.testing.assert_array_equal(out[:, :100], frame[:, :100])
    np.testing.assert_array_equal(frame, before)


class WithShoes(Model):
    """Sees a bag in front of the T-shirt, surer than that, and shoes; so does its parser of 19 labels."""

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        found = super().predict(image, min_score)
        height, width = image.shape[:2]
        more = np.zeros((2, height, width), bool)
        more[0, height // 2 :, : width // 2], more[1, round(0.9 * height) :] = True, True
        masks = np.concatenate([found.masks, more])
        return Detections.from_masks(masks, [*found.category_ids, 17, 16], [*found.scores, 0.99, 0.8])

    def parse(self, image: np.ndarray) -> np.ndarray:
        parsing = np.concatenate([super().parse(image), np.zeros((1, *super().parse(image).shape[1:]), np.float32)])
        rows = parsing.shape[1]
        parsing[15, round(0.9 * rows) :], parsing[18, : rows // 20] = 1, 1
        return parsing


def test_shoes_and_bags_are_shown_and_nothing_is_dressed_over_them(open_session):
    frame, model, parser = person(), WithShoes(), WithShoes()
    scene = read_scene(frame, model, parser, frame_id=1, time=0.0)
    assert set(scene.worn) == {"top"} and scene.worn["top"].category_id == 1
    assert sorted(scene.detections.category_ids.tolist()) == [1, 16, 17]
    plain = read_scene(frame, Model(), Model(), frame_id=1, time=0.0)
    np.testing.assert_array_equal(scene.worn["top"].mask, plain.worn["top"].mask)
    segments = open_session(model, look=Look("segments"))
    assert wait(lambda: (segments.process(frame) != frame).any())
    assert segments.stats().error is None
    by_parser = read_scene(frame, Blind(), model, frame_id=1, time=0.0)
    assert set(by_parser.worn) <= {"top"}, "what the parser alone sees of shoes is no garment"


class Blind(Model):
    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        return Detections.empty(*image.shape[:2])


def test_garments_without_a_place_on_the_person_are_named(open_session):
    session = open_session(look=Look(garments={"top": garment(), "bottom": garment(category_id=8)}))
    assert session.missing() == ()
    assert until_green(session, person())
    assert session.missing() == ("bottom",)
    session.look = Look("segments", {"bottom": garment(category_id=8)})
    assert session.missing() == ()


def test_models_that_are_late_take_nobody_for_gone(open_session):
    """Nothing is shown of an answer of long ago, and nobody knows who is in the picture since."""
    session = open_session(look=Look(garments={"top": garment()}))
    assert not session.is_late() and until_green(session, person())
    session._worker.stop()
    now = time.monotonic()
    assert not session.is_late()
    session.process(person(), now + 60)
    assert session.is_late() and session.missing() == ()


def test_nothing_to_capture_before_the_first_frame(open_session):
    session = open_session()
    assert session.snapshot() is None
    assert session.state() is None
    assert session.stats().result_age_ms is None


@pytest.mark.parametrize("size", [(2160, 3840), (640, 480)], ids=["4K", "portrait"])
def test_large_and_portrait_pictures_are_dressed(size, open_session):
    assert until_green(open_session(), person(size))


def test_a_grey_picture_comes_back_in_three_equal_channels(open_session):
    session = open_session()
    out = session.process(cv2.cvtColor(person(), cv2.COLOR_RGB2GRAY))
    assert out.shape == (480, 640, 3)
    assert np.ptp(out, axis=2).max() == 0
    assert session.stats().error is None


def test_one_frame_a_second_is_dressed_all_the_time(open_session):
    session, frame = open_session(), person()
    seen = []
    for second in range(6):
        looked = len(session._worker.finished)
        seen.append(greenness(session.process(frame, now=float(second))))
        assert wait(lambda n=looked: len(session._worker.finished) > n)
    assert min(seen[1:]) > 0.02


def test_what_is_lost_fades_out_and_comes_back_at_once(open_session):
    session, shares = open_session(), []
    here = [True] * 5 + [False] * 15 + [True] * 3
    for i, there in enumerate(here):
        session.process(person() if there else nobody(), now=i / 10)
        assert wait(lambda i=i: session._smoother.scene is not None and session._smoother.scene.frame_id == i + 1)
        shares.append(session._smoother.strength(i / 10))
    assert shares[:8] == [1.0] * 8
    assert 0 < shares[10] < 1
    assert shares[13:20] == [0.0] * 7
    assert shares[20:] == [1.0] * 3


def test_a_model_that_cannot_be_loaded_is_told(open_session):
    session = open_session()

    def missing(name):
        raise ValueError(f"unknown model {name!r}")

    session._load, session.model = missing, "yolo99"
    assert wait(lambda: session.process(person()) is not None and "yolo99" in (session.stats().error or ""))


@pytest.mark.parametrize("frame", [None, np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4, 7), np.float64)])
def test_what_is_no_picture_comes_back_as_it_is(frame, open_session, caplog):
    session = open_session()
    for _ in range(3):
        assert session.process(frame) is frame
    assert session.stats().error
    assert len([r for r in caplog.records if r.levelno >= logging.ERROR]) == 1


def test_another_model_takes_over_while_it_runs(open_session):
    session, frame = open_session(), person()
    models = {"any": Model(category_id=1), "other": Model(category_id=2), "unet": Model()}
    session._load = models.__getitem__
    assert until_green(session, frame)
    session.model = "other"
    worn = lambda: session._smoother.scene.worn["top"].category_id  # noqa: E731
    assert wait(lambda: session.process(frame) is not None and worn() == 2)
    assert session.stats().error is None


def test_a_preset_decides_what_the_models_see(open_session):
    model = Model()
    session = open_session(model, preset="fast")
    for preset, side in SIZES.items():
        session.preset = preset
        assert session.stats().size == side
        assert wait(
            lambda side=side: session.process(person()) is not None and max(model.sizes[-1:] or [(0,)])[-1] == side
        )


def test_a_closed_session_still_gives_the_picture(open_session):
    session = open_session()
    session.close()
    np.testing.assert_array_equal(session.process(person()), person())


def textured(size: tuple[int, int], seed: int) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 255, (size[0] // 12, size[1] // 12, 3), dtype=np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def test_the_person_is_followed_not_the_room():
    """Before the first answer the tracker follows anything; from then on a room that stands still must not hold it."""
    room, cloth, tracker = textured((480, 640), 1), textured((300, 220), 2), MotionTracker()
    for i in range(20):
        x = 100 + 4 * max(0, i - 4)
        frame = room.copy()
        frame[120:420, x : x + 220] = cloth
        tracker.add(frame, i)
        if i == 3:
            mask = np.zeros((192, 256), np.float32)
            mask[48:168, 40:128] = 1
            tracker.look_at(mask)
    moved = move_points(np.float64([[210, 270]]), tracker.motion_since(4))
    np.testing.assert_allclose(moved, [[270, 270]], atol=0.5)


def test_plain_cloth_in_a_lively_room_does_not_drift():
    """Corners that are only noise must not move somebody who stands still."""
    room, rng, tracker = textured((480, 640), 1), np.random.default_rng(9), MotionTracker()
    room[120:420, 100:320] = (150, 60, 60)
    mask = np.zeros((192, 256), np.float32)
    mask[48:168, 40:128] = 1
    for i in range(16):
        tracker.add(np.clip(room + rng.normal(0, 3, room.shape), 0, 255).astype(np.uint8), i)
        if i % 2:
            tracker.look_at(mask)
    moved = move_points(np.float64([[210, 270]]), tracker.motion_since(2))
    np.testing.assert_allclose(moved, [[210, 270]], atol=0.5)


def test_motion_from_a_frame_long_gone_is_none():
    tracker, room = MotionTracker(), textured((480, 640), 1)
    for i in range(100):
        tracker.add(np.roll(room, 3 * i, axis=1), i)
    np.testing.assert_allclose(tracker.motion_between(0, 95), [[1, 0, 0], [0, 1, 0]], atol=1e-9)
    assert tracker.motion_between(92, 95)[0, 2] == pytest.approx(9, abs=1)


def test_the_pace_can_be_read_while_frames_are_answered():
    worker, errors, interval = InferenceWorker(lambda job: None), [], sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # a race that is rare becomes certain
    ending = threading.Event()
    feeder = threading.Thread(target=lambda: [worker.submit(Job(None, 0, 0.0)) for _ in iter(ending.is_set, True)])
    feeder.start()
    try:
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            worker.rate()
    except RuntimeError as error:
        errors.append(error)
    finally:
        ending.set()
        feeder.join()
        sys.setswitchinterval(interval)
        worker.stop()
    assert not errors
