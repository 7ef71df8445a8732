"""What is drawn into a frame: order, occlusion, fade, light; and the session around it, whatever comes in."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from stand_ins import StandIn

from ewardrobe.core.detections import Detections
from ewardrobe.datasets import synthetic
from ewardrobe.models.unet import decode
from ewardrobe.tryon import session as sessions
from ewardrobe.tryon.compositor import MODES, ComposedState, Look, compose, drawn_alpha
from ewardrobe.tryon.garment import prepare
from ewardrobe.tryon.scene import Scene, WornGarment, main_person, read_scene
from ewardrobe.tryon.session import LiveSession
from ewardrobe.tryon.spans import measure
from ewardrobe.tryon.target import target

IDENTITY = np.float64([[1, 0, 0], [0, 1, 0]])
SIZE = (240, 320)
RED, BLUE, GREY = (200, 30, 40), (30, 60, 200), 128


def cloth(colour, category_id: int = 1):
    rgba = np.zeros((120, 100, 4), np.uint8)
    rgba[10:110, 20:80] = (*colour, 255)
    return prepare(rgba, category_id)


def worn(slot: str, category_id: int, box=(120, 60, 200, 180)) -> WornGarment:
    mask = np.zeros((120, 160), np.float32)
    mask[box[1] // 2 : box[3] // 2, box[0] // 2 : box[2] // 2] = 1
    return WornGarment(slot, category_id, 0.9, mask, measure(mask).scaled((2, 2)))


def state(*garments: WornGarment, front=None, motion=IDENTITY, strength: float = 1.0) -> ComposedState:
    front = np.zeros((120, 160), np.float32) if front is None else front
    detections = Detections.empty(120, 160)
    if garments:
        masks = np.stack([g.mask > 0.5 for g in garments])
        detections = Detections.from_masks(masks, [g.category_id for g in garments], [0.9] * len(garments))
    return ComposedState(Scene(0, 0.0, SIZE, front, detections, {g.slot: g for g in garments}), motion, strength)


@pytest.fixture
def frame() -> np.ndarray:
    return np.full((*SIZE, 3), GREY, np.uint8)


def near(pixel, colour, tolerance: int = 6) -> bool:
    return bool(np.abs(np.asarray(pixel, int) - colour).max() <= tolerance)


@pytest.mark.parametrize("mode", ["overlay", "wear"])
def test_a_garment_covers_what_is_worn_and_nothing_else(frame, mode):
    before = frame.copy()
    out = compose(frame, state(worn("top", 1)), Look(mode, {"top": cloth(RED)}))
    assert near(out[120, 160], RED) and near(out[70, 130], RED) and near(out[170, 190], RED)
    outside = np.ones(SIZE, bool)
    outside[50:195, 105:215] = False
    assert (out[outside] == GREY).all()
    assert (frame == before).all()


def test_hands_and_hair_stay_in_front(frame):
    front = np.zeros((120, 160), np.float32)
    front[50:70, 70:90] = 1  # a hand before the belly
    out = compose(frame, state(worn("top", 1), front=front), Look("wear", {"top": cloth(RED)}))
    assert near(out[120, 160], (GREY,) * 3, 0) and near(out[80, 160], RED)


def test_outerwear_is_over_the_top_and_a_dress_replaces_top_and_bottom(frame):
    seen = state(worn("top", 1), worn("outer", 4))
    assert near(compose(frame, seen, Look("wear", {"top": cloth(RED), "outer": cloth(BLUE, 4)}))[120, 160], BLUE)
    both = state(worn("top", 1, (120, 40, 200, 120)), worn("bottom", 8, (120, 120, 200, 220)))
    out = compose(frame, both, Look("wear", {"dress": cloth(RED, 10), "top": cloth(BLUE), "bottom": cloth(BLUE, 8)}))
    assert near(out[80, 160], RED) and near(out[180, 160], RED)


def test_a_top_goes_over_the_jacket_that_hides_what_is_below(frame):
    out = compose(frame, state(worn("outer", 4)), Look("wear", {"top": cloth(RED)}))
    assert near(out[120, 160], RED)
    both = state(worn("outer", 4, (120, 40, 200, 120)), worn("bottom", 8, (120, 120, 200, 220)))
    assert target(both.scene, "dress").mask.sum() == pytest.approx(sum(w.mask.sum() for w in both.scene.worn.values()))


def test_a_top_and_a_skirt_over_a_dress_take_their_part_of_it(frame):
    seen = state(worn("dress", 12, (120, 20, 200, 230)))
    for slot, there, not_there in (("top", 60, 200), ("bottom", 200, 60)):
        out = compose(frame, seen, Look("wear", {slot: cloth(RED, 1 if slot == "top" else 9)}))
        assert near(out[there, 160], RED) and near(out[not_there, 160], (GREY,) * 3, 0)
    whole = compose(frame, seen, Look("wear", {"top": cloth(RED), "bottom": cloth(RED, 9)}))
    assert all(near(whole[y, 160], RED) for y in range(30, 220)), "no gap between the two"


def test_a_slot_that_nobody_wears_draws_nothing(frame):
    out = compose(frame, state(worn("bottom", 8)), Look("wear", {"top": cloth(RED)}))
    assert (out == frame).all()


@pytest.mark.parametrize("mode", MODES)
def test_no_state_an_empty_scene_and_no_garment_leave_the_picture(frame, mode):
    for seen in (None, state(), state(worn("top", 1), strength=0.0)):
        out = compose(frame, seen, Look(mode, {"top": cloth(RED)}))
        assert (out == frame).all() and out is not frame


def test_fade_and_opacity_mix(frame):
    half = compose(frame, state(worn("top", 1), strength=0.5), Look("wear", {"top": cloth(RED)}))
    assert near(half[120, 160], (np.array(RED) + GREY) / 2)
    quarter = compose(frame, state(worn("top", 1), strength=0.5), Look("wear", {"top": cloth(RED)}, opacity=0.5))
    assert near(quarter[120, 160], np.array(RED) * 0.25 + GREY * 0.75)


def test_the_drawing_moves_by_exactly_the_motion(frame):
    look, motion = Look("wear", {"top": cloth(RED)}), np.float64([[1, 0, 24], [0, 1, -16]])
    still, moved = (compose(frame, state(worn("top", 1), motion=m), look) for m in (IDENTITY, motion))
    assert np.abs(moved[30:170, 130:250].astype(int) - still[46:186, 106:226]).max() <= 2


def test_a_shadow_on_what_is_worn_falls_on_the_garment(frame):
    frame[:, 160:] = 70
    out = compose(frame, state(worn("top", 1)), Look("wear", {"top": cloth((150, 150, 150))}))
    assert out[120, 190].mean() < 0.75 * out[120, 130].mean()


def test_recolouring_hits_the_colour_and_keeps_the_folds(frame):
    frame[100:104, 125:195] = 90  # a fold
    out = compose(frame, state(worn("top", 1)), Look("recolour", colour=(30, 140, 60)))
    assert near(out[140, 160], (30, 140, 60), 4)
    assert out[102, 160, 1] < 0.85 * out[140, 160, 1]
    textured = compose(frame, state(worn("top", 1)), Look("recolour", {"top": cloth(RED)}))
    assert near(textured[140, 160], RED, 4)


def test_segments_name_and_tint_what_is_seen(frame):
    out = compose(frame, state(worn("top", 1)), Look("segments"))
    changed = (out != frame).any(axis=2)
    assert changed[120, 160] and not changed[220, 20]
    assert out[120, 160, 2] > out[120, 160, 0]  # short sleeve tops are drawn in blue


def long_sleeves() -> ComposedState:
    """Someone whose long sleeves stand off the trunk."""
    mask = np.zeros((120, 160), np.uint8)
    cv2.rectangle(mask, (60, 30), (100, 95), 1, -1)
    for side in (-1, 1):
        cv2.line(mask, (80 + side * 20, 36), (80 + side * 62, 80), 1, 9)
    soft = mask.astype(np.float32)
    return state(WornGarment("top", 2, 0.9, soft, measure(soft).scaled((2, 2))))


def test_short_sleeves_leave_the_rest_of_a_long_one_and_long_ones_cover_it(frame):
    seen = long_sleeves()
    short, long = (drawn_alpha(seen, Look("wear", {"top": cloth(RED, c)}), frame) for c in (1, 2))
    cuff = np.s_[148:158, 36:44]
    assert long[cuff].mean() > 0.8 and short[cuff].mean() < 0.1
    assert short[120, 160] == 1 and long[120, 160] == 1


def test_shorter_sleeves_leave_bare_arms_where_the_skins_colour_is_known(frame):
    seen, cuff = long_sleeves(), np.s_[148:158, 36:44]
    skin = np.float32([210, 160, 130])
    bare = ComposedState(replace(seen.scene, skin=skin), seen.motion)
    short, long = (compose(frame, bare, Look("wear", {"top": cloth(RED, c)})) for c in (1, 2))
    assert near(short[cuff].mean(axis=(0, 1)), skin, 12) and near(long[cuff].mean(axis=(0, 1)), RED, 12)
    assert near(short[120, 160], RED)
    unknown = compose(frame, seen, Look("wear", {"top": cloth(RED, 1)}))
    assert near(unknown[cuff].mean(axis=(0, 1)), (GREY,) * 3, 12), "what is worn shows"


def test_a_scene_knows_the_skins_colour():
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[60:170, 240:400] = (210, 160, 130)
    scene = read_scene(picture, Model(), Model(), frame_id=0, time=0.0)
    assert near(scene.skin, (210, 160, 130), 2)


def test_a_garment_fits_what_a_rendered_person_wears():
    photo = synthetic.render_person(seed=5, category_ids=(1, 8), size=(480, 640), framing="half")
    for item in photo.items:
        small = cv2.resize(item["mask"].astype(np.float32), (256, 192), interpolation=cv2.INTER_AREA)
        one = WornGarment("top" if item["category_id"] == 1 else "bottom", item["category_id"], 1.0, small, None)
        spans = measure(small, sleeves=one.slot == "top").scaled((2.5, 2.5))
        one = WornGarment(one.slot, one.category_id, 1.0, small, spans)
        seen = ComposedState(
            Scene(0, 0.0, (480, 640), np.zeros_like(small), Detections.empty(192, 256), {one.slot: one}), IDENTITY
        )
        drawn = drawn_alpha(seen, Look("wear", {one.slot: cloth(RED, one.category_id)}), photo.image) > 0.5
        assert (drawn & item["mask"]).sum() / (drawn | item["mask"]).sum() >= 0.95


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="segments, overlay, wear, recolour"):
        Look("dance")


# -- the scene -------------------------------------------------------------------------------------------------------


class Model(StandIn):
    """Stands in for a trained model: a top in the middle of the picture, skin above it."""

    name = "unet"

    def __init__(self) -> None:
        self.fails, self.may_answer = False, threading.Event()
        self.may_answer.set()

    def predict(self, image, min_score=0.5):
        mask = np.zeros((1, *image.shape[:2]), bool)
        mask[0, image.shape[0] // 3 : image.shape[0] * 3 // 4, image.shape[1] // 3 : image.shape[1] * 2 // 3] = True
        return Detections.from_masks(mask, [1], [0.9])

    def parse(self, image):
        self.may_answer.wait(30)
        if self.fails:
            raise RuntimeError("broken layer")
        height, width = -(-image.shape[0] // 2), -(-image.shape[1] // 2)
        out = np.zeros((18, height, width), np.float32)
        out[0, height // 3 : height * 3 // 4, width // 3 : width * 2 // 3] = 0.9
        out[13, height // 6 : height // 3 + 1, width * 2 // 5 : width * 3 // 5] = 0.9
        return out

    def garments(self, parsing, image_size, min_score):
        return decode(parsing, image_size, min_score)


def test_a_scene_holds_the_persons_garments_and_what_is_in_front():
    scene = read_scene(np.zeros((480, 640, 3), np.uint8), Model(), Model(), frame_id=7, time=1.5, size=256)
    assert (scene.frame_id, scene.time, scene.frame_size) == (7, 1.5, (480, 640))
    assert set(scene.worn) == {"top"} and scene.worn["top"].mask.shape == (192, 256)
    assert scene.worn["top"].spans.left.mean() == pytest.approx(213, abs=4)
    assert scene.front[50, 128] > 0.8 and scene.front[120, 128] == 0


def test_clothes_without_a_person_are_not_dressed():
    nobody = Model()
    nobody.parse = lambda image: np.where(np.arange(18)[:, None, None] < 13, Model.parse(nobody, image), 0)
    scene = read_scene(np.zeros((480, 640, 3), np.uint8), nobody, nobody, frame_id=0, time=0.0)
    assert not scene.worn and len(scene.detections) == 1


class Blind(Model):
    """A chosen model that overlooks what the parser sees."""

    def predict(self, image, min_score=0.5):
        return Detections.empty(*image.shape[:2])


def test_what_the_chosen_model_overlooks_the_parser_may_see():
    picture = np.zeros((480, 640, 3), np.uint8)
    scene = read_scene(picture, Blind(), Model(), frame_id=0, time=0.0)
    assert set(scene.worn) == {"top"} and scene.worn["top"].category_id == 1
    assert len(scene.detections) == 0, "segments show the chosen model alone"


class Unsure(Model):
    """Sees the top with a confidence below the app's."""

    def predict(self, image, min_score=0.5):
        found = super().predict(image, min_score)
        return replace(found, scores=np.full_like(found.scores, 0.3)).above(min_score)


def test_an_unsure_garment_is_dressed_over_but_not_named():
    scene = read_scene(np.zeros((480, 640, 3), np.uint8), Unsure(), Model(), frame_id=0, time=0.0)
    assert scene.worn["top"].score == pytest.approx(0.3)
    assert len(scene.detections) == 0


def test_the_largest_most_central_person_is_dressed():
    parsing = np.zeros((18, 100, 200), np.float32)
    parsing[0, 20:80, 80:110] = 1
    parsing[0, 20:85, 165:200] = 1  # larger, at the edge
    person = main_person(parsing)
    assert person[50, 95] == 1 and person[50, 185] == 0
    assert (main_person(np.zeros((18, 10, 10), np.float32)) == 1).all()


# -- the session -----------------------------------------------------------------------------------------------------


@pytest.fixture
def live():
    opened = []

    def open_one(model=None, **options) -> LiveSession:
        model = model or Model()
        opened.append(LiveSession("unet", load=lambda name: model, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        assert one.close()


def until(condition, seconds: float = 15.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.01)
    return bool(condition())


def test_a_garment_appears_and_a_swap_shows_at_once(live):
    frame = np.full((480, 640, 3), GREY, np.uint8)
    one = live(look=Look("wear", {"top": cloth(RED)}), mirror=False)
    assert until(lambda: near(one.process(frame)[250, 320], RED))
    one.look = Look("wear", {"top": cloth(BLUE)})
    assert near(one.process(frame)[250, 320], BLUE)
    one.look = Look("recolour", colour=(10, 200, 10))
    assert near(one.process(frame)[250, 320], (10, 200, 10))
    raw, shown = one.snapshot()
    assert (raw == frame).all() and near(shown[250, 320], (10, 200, 10))
    stats = one.stats()
    assert stats.error is None and stats.inference_hz >= 0 and stats.result_age_ms >= 0


def test_the_picture_is_mirrored_once(live):
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[:, :10] = 255
    out = live(mirror=True).process(frame)
    assert out[20, 60].mean() == 255 and out[20, 3].mean() == 0


def test_a_throwing_model_leaves_the_stream_alive(live):
    model = Model()
    model.fails = True
    one = live(model, look=Look("wear", {"top": cloth(RED)}), mirror=False)
    frame = np.full((120, 160, 3), GREY, np.uint8)
    assert until(lambda: one.process(frame) is not None and one.stats().error == "RuntimeError: broken layer")
    assert (one.process(frame) == GREY).all()
    model.fails = False
    assert until(lambda: near(one.process(frame)[60, 80], RED)) and one.stats().error is None


def test_an_error_in_composing_gives_the_raw_picture(live, monkeypatch):
    one = live(mirror=False)
    frame = np.full((48, 64, 3), GREY, np.uint8)
    monkeypatch.setattr(sessions, "compose", lambda *a: 1 / 0)
    assert (one.process(frame) == frame).all()
    assert "ZeroDivisionError" in one.stats().error


def test_a_slow_model_does_not_slow_the_picture(live):
    model = Model()
    model.may_answer.clear()
    one = live(model, mirror=False)
    frame = np.full((240, 320, 3), GREY, np.uint8)
    assert all(one.process(frame).shape == frame.shape for _ in range(20))
    assert one.answers == 0, "twenty pictures are shown while the model is still at the first"
    model.may_answer.set()
    assert until(lambda: one.answers > 0)


@pytest.mark.parametrize("size", [(480, 640, 3), (640, 480, 3), (2160, 3840, 3), (120, 160), (9, 9, 3), (1, 1, 3)])
def test_any_camera_will_do(live, size):
    one = live(look=Look("wear", {"top": cloth(RED)}))
    for _ in range(3):
        out = one.process(np.full(size, GREY, np.uint8))
        assert out.ndim == 3 and out.dtype == np.uint8 and max(out.shape) <= max(sessions.LARGEST, 9)
        time.sleep(0.05)
    assert one.stats().error is None


def test_a_camera_that_changes_its_size_in_mid_stream(live):
    one = live(look=Look("wear", {"top": cloth(RED)}), mirror=False)
    for size in [(480, 640, 3), (360, 640, 3), (640, 360, 3), (480, 640, 3)]:
        frame = np.full(size, GREY, np.uint8)
        assert until(lambda frame=frame: near(one.process(frame)[frame.shape[0] // 2, frame.shape[1] // 2], RED))
    assert one.stats().error is None


def test_closing_and_forgetting_leave_no_thread():
    before = threading.active_count()
    for _ in range(10):
        one = LiveSession("unet", load=lambda name: Model())
        one.process(np.zeros((48, 64, 3), np.uint8))
        assert one.close() and one.close()
    forgotten = LiveSession("unet", load=lambda name: Model())
    forgotten.process(np.zeros((48, 64, 3), np.uint8))
    del forgotten
    assert until(lambda: threading.active_count() == before, 3)


def test_auto_takes_smaller_pictures_when_the_model_is_slow(live):
    one = live(mirror=False)
    one._worker.seconds.extend([0.2] * 30)
    one._choose_size()
    assert one.size == sessions.SIZES["fast"]
    one._worker.seconds.extend([0.01] * 30)
    one._choose_size()
    assert one.size == sessions.SIZES["balanced"]
    one.preset = "sharp"
    assert one.size == sessions.SIZES["sharp"]
