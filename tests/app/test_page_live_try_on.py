"""The page Live try-on without a browser: a session that plays pictures of its own, and draws nothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ewardrobe.app import page as ui
from ewardrobe.app.live import capture, stream, view
from ewardrobe.app.live.stream import StreamState
from ewardrobe.app.live.view import pace
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_image
from ewardrobe.feature_store.outfits import OutfitStore
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.garments.queue import ImportQueue
from ewardrobe.models import NETWORKS, cache
from ewardrobe.models.weights import WeightsError
from ewardrobe.tryon.compositor import Look
from ewardrobe.tryon.session import Stats

RAW = np.zeros((48, 64, 3), np.uint8)
RAW[:, :20] = (250, 0, 0)  # as the mirror shows it: red at the left
COMPOSED = np.full((48, 64, 3), 77, np.uint8)


class FakeSession:
    """Keeps what the page sets."""

    def __init__(self, model, *, look, mirror, preset):
        self.model, self.look, self.mirror, self.preset = model, look, mirror, preset
        self.error, self.pictures, self.gone, self.late = None, (RAW, COMPOSED), (), False

    def stats(self) -> Stats:
        return Stats(29.6, 17.8, 61.0, 4.2, 256, self.error)

    def missing(self):
        return self.gone

    def is_late(self):
        return self.late

    def snapshot(self):
        return self.pictures

    def close(self) -> bool:
        return True


@pytest.fixture
def live(monkeypatch):
    """What stands in for camera and models: ``session`` once the page has run, and the ``state`` of its stream."""
    scene = SimpleNamespace(session=None, state=StreamState(playing=True), keys=[])

    def live_session(key, make):
        scene.keys.append(key)
        scene.session = scene.session or make()
        return scene.session

    monkeypatch.setattr(view, "LiveSession", FakeSession)
    monkeypatch.setattr(stream, "live_session", live_session)
    monkeypatch.setattr(stream, "stream", lambda session, key: scene.state)
    monkeypatch.setattr(stream, "play_clip", lambda session, key, make_player: scene.state)
    monkeypatch.setattr(FeatureStore, "ensure_samples", lambda self: [])
    st.cache_resource.clear()
    yield scene
    st.cache_resource.clear()


@pytest.fixture
def store(wardrobe_home) -> FeatureStore:
    return FeatureStore(wardrobe_home)


@pytest.fixture
def wardrobe(store) -> list[str]:
    """The ids of a t-shirt, a shirt, jeans and a dress, in the order of the rail: the newest first."""
    entries = [("dress", 12), ("jeans", 8), ("shirt", 2), ("t-shirt", 1)]
    ids = [store.add({"type": name, "category_id": number}, cutout(number)) for name, number in entries]
    return ids[::-1]


def cutout(number: int) -> np.ndarray:
    image = np.zeros((120, 90, 4), np.uint8)
    image[10:-10, 20:-20] = (20 * number, 60, 90, 255)
    return image


@pytest.fixture
def page(repository, live) -> AppTest:
    return AppTest.from_file(str(repository / "pages" / "live_try_on.py"), default_timeout=30)


def run(at: AppTest) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def button(at: AppTest, name: str):
    return at.button(key=f"live-{name}")


def press(at: AppTest, name: str) -> AppTest:
    return run(button(at, name).click())


def texts(at: AppTest) -> str:
    """What is said, without the marks that keep Markdown from reading it."""
    said = [element.value for element in [*at.markdown, *at.caption, *at.error, *at.warning]]
    return "\n".join(said).replace("\\", "")


def worn(live) -> dict[str, str]:
    """The ids of what is drawn, by slot."""
    return {slot: garment.key.partition("/")[0] for slot, garment in live.session.look.garments.items()}


def choose_slot(at: AppTest, slot: str) -> AppTest:
    return run(at.segmented_control(key="live-slot").set_value(slot))


def choose_mode(at: AppTest, mode: str) -> AppTest:
    return run(at.segmented_control(key="live-mode").set_value(mode))


# Choosing


def test_opens_on_the_tops_with_nothing_on(page, live, wardrobe):
    page = run(page)
    assert page.title[0].value == "Live try-on"
    assert len(page.pills(key="live-pieces-top").options) == 2
    assert live.session.look == Look("wear")
    assert "Choose a garment" in texts(page)


def test_a_picture_is_chosen_and_worn_by_the_same_session(page, live, wardrobe, store):
    page = run(page)
    session, shirt = live.session, store.get(wardrobe[1])
    page = run(page.pills(key="live-pieces-top").set_value(f"{shirt['id']}/2/{shirt['image']}"))
    assert worn(live) == {"top": wardrobe[1]}
    assert live.session is session
    assert "On you: shirt" in texts(page)
    run(page.pills(key="live-pieces-top").set_value(None))
    assert worn(live) == {}, "a second click takes it off"


def test_next_and_previous_go_round_and_remove_takes_off(page, live, wardrobe):
    page = run(page)
    seen = []
    for name in ("next", "next", "next", "previous"):
        page = press(page, name)
        seen.append(worn(live)["top"])
    assert seen == [wardrobe[0], wardrobe[1], wardrobe[0], wardrobe[1]]
    page = press(page, "remove")
    assert worn(live) == {}
    assert button(page, "remove").disabled


def test_the_large_buttons_have_keys(page, wardrobe):
    page = run(page)
    keys = {name: button(page, name).proto.shortcut for name in ("previous", "next", "take")}
    assert {name: key.lower() for name, key in keys.items()} == {"previous": "left", "next": "right", "take": "s"}


def test_slots_are_worn_together_but_a_dress_stands_for_top_and_bottom(page, live, wardrobe):
    page = press(run(page), "next")
    page = press(choose_slot(page, "bottom"), "next")
    assert worn(live) == {"top": wardrobe[0], "bottom": wardrobe[2]}
    page = press(choose_slot(page, "dress"), "next")
    assert worn(live) == {"dress": wardrobe[3]}


def test_an_outfit_from_another_page_is_put_on_once(page, live, wardrobe, store):
    shoes = store.add({"type": "trainers"}, cutout(3))
    page = choose_mode(press(run(page), "next"), "segments")
    page.session_state["live_outfit"] = [wardrobe[1], wardrobe[2], shoes, "gone"]
    page = run(page)
    assert live.session.look.mode == "wear"
    assert worn(live) == {"top": wardrobe[1], "bottom": wardrobe[2]}
    assert "not shown on you: trainers, one that is gone" in texts(page)
    page = press(page, "next")
    assert worn(live) == {"top": wardrobe[0], "bottom": wardrobe[2]}, "it is not put on again"
    assert "not shown on you" not in texts(page)


def test_a_saved_outfit_is_put_on_as_a_whole(page, live, wardrobe, store):
    assert "live-saved-outfit" not in [box.key for box in run(page).selectbox], "none is saved yet"
    outfits = OutfitStore(store.home)
    first = outfits.save("Monday", [wardrobe[1], wardrobe[2]])
    second = outfits.save("Party", [wardrobe[3]])
    page = run(page)
    page = run(page.selectbox(key="live-saved-outfit").set_value(first))
    assert worn(live) == {"top": wardrobe[1], "bottom": wardrobe[2]}
    page = press(page, "next")
    assert worn(live) == {"top": wardrobe[0], "bottom": wardrobe[2]}, "a piece of it may be changed"
    run(page.selectbox(key="live-saved-outfit").set_value(second))
    assert worn(live) == {"dress": wardrobe[3]}


def test_saved_outfits_that_cannot_be_read_are_told(page, live, wardrobe, store):
    store.outfits.path.write_text("{")
    page = press(run(page), "next")
    assert "saved outfits cannot be read" in texts(page) and worn(live) == {"top": wardrobe[0]}


def test_what_is_removed_from_the_wardrobe_while_worn_is_taken_off(page, live, wardrobe, store):
    page = press(run(page), "next")
    store.remove(wardrobe[0])
    page = run(page)
    assert worn(live) == {}
    assert len(page.pills(key="live-pieces-top").options) == 1


def test_a_picture_that_cannot_be_worn_is_told_and_the_rest_stays_on(page, live, wardrobe, store):
    store.add({"type": "photo of a shirt", "category_id": 1}, np.full((60, 60, 4), 255, np.uint8))
    page = press(choose_slot(run(page), "bottom"), "next")
    page = press(choose_slot(page, "top"), "next")
    assert "photo of a shirt: this is a whole photo" in texts(page)
    assert worn(live) == {"bottom": wardrobe[2]}


def test_a_picture_file_that_is_gone_is_told(page, live, wardrobe, store):
    store.image_path(wardrobe[0]).unlink()
    page = press(run(page), "next")
    assert "its picture is gone" in texts(page)
    assert worn(live) == {}


def test_long_rails_have_pages_and_turn_to_what_is_worn(page, live, store):
    for number in range(15):
        store.add({"type": f"shirt {number}", "category_id": 1}, cutout(1))
    page = run(page)
    assert len(page.pills(key="live-pieces-top").options) == 12
    page = press(page, "previous")
    assert len(page.pills(key="live-pieces-top").options) == 3
    assert page.pagination[0].value == 2
    page = press(page, "next")
    assert page.pagination[0].value == 1


def test_an_empty_wardrobe_offers_samples_that_are_not_saved(page, live, store):
    page = run(page)
    assert "Nothing to put on yet" in texts(page)
    page = press(press(page, "samples"), "next")
    assert live.session.look.garments["top"].key == "sample/t-shirt"
    assert store.items() == []


# Modes and settings


@pytest.mark.parametrize("mode", ["overlay", "wear"])
def test_mode_and_opacity_reach_the_stream(page, live, wardrobe, mode):
    page = press(choose_mode(run(page), mode), "next")
    run(page.slider(key="live-opacity").set_value(40))
    assert (live.session.look.mode, live.session.look.opacity) == (mode, 0.4)
    assert worn(live) == {"top": wardrobe[0]}


def test_segments_need_no_garments(page, live, wardrobe):
    page = choose_mode(press(run(page), "next"), "segments")
    assert live.session.look == Look("segments")
    assert not page.pills
    choose_mode(page, "wear")
    assert worn(live) == {"top": wardrobe[0]}, "what was on is on again"


def test_recolour_takes_a_colour_or_a_garments_cloth(page, live, wardrobe):
    page = choose_mode(run(page), "recolour")
    assert live.session.look.colour is None
    assert "Choose a garment for its cloth" in texts(page)
    page = press(page, "next")
    assert worn(live) == {"top": wardrobe[0]}
    page = run(page.toggle(key="live-recolour").set_value(True))
    run(page.color_picker(key="live-colour").set_value("#102030"))
    assert live.session.look.colour == (16, 32, 48)
    assert live.session.look.garments == {}


def test_settings_are_set_on_the_running_session(page, live, wardrobe):
    page = run(page)
    session = live.session
    run(page.select_slider(key="live-preset").set_value("sharp"))
    run(page.toggle(key="live-mirror").set_value(False))
    run(page.selectbox(key="live-model").set_value("unet"))
    assert live.session is session
    assert (session.preset, session.mirror, session.model) == ("sharp", False, "unet")


def test_models_that_are_too_slow_for_a_camera_are_not_offered(page, live, wardrobe):
    labels = [ui.model_label(name) for name in NETWORKS]
    assert run(page).selectbox(key="live-model").options == labels and ui.model_label("consensus") not in labels


@pytest.mark.parametrize(("broken", "advice"), [("yolo", "another model"), ("unet", "needs it")])
def test_a_model_without_weights_is_told(page, live, monkeypatch, broken, advice):
    def verified(name):
        if name == broken:
            raise WeightsError(f"{name}.pt is missing: restore it")

    monkeypatch.setattr("ewardrobe.evaluation.comparison.runs.verified_path", verified)
    page = run(page)
    assert "pt is missing: restore it" in texts(page)
    assert advice in texts(page)
    assert live.session is None


def test_no_camera_says_why(page, live, wardrobe):
    live.state = StreamState(why_not="**The camera is busy.**")
    page = run(page)
    assert "The camera is busy" in texts(page)
    assert button(page, "take").disabled


def test_a_clip_takes_the_cameras_place(page, live, wardrobe, monkeypatch):
    monkeypatch.setattr("ewardrobe.app.live.clip.sample_clip", lambda: SimpleNamespace(source=b"", name="Sample clip"))
    page = run(page)
    run(page.segmented_control(key="live-source").set_value("Sample clip"))
    assert live.keys[0] == "live"
    assert live.keys[-1].startswith("live-clip-")


def test_without_a_video_one_can_choose_but_not_take_a_picture(page, live, wardrobe):
    page = run(page)
    page = run(page.segmented_control(key="live-source").set_value("Video"))
    assert page.file_uploader
    assert "live-take" not in [b.key for b in page.button]
    page = press(page, "next")
    assert page.session_state["fitting-room"].look.garments


# Pace


def test_pace_and_errors_are_shown(page, live, wardrobe):
    assert "Camera **30 fps** · drawing **4 ms** · models **18 a second** at 256 px (auto)" in texts(page := run(page))
    live.session.error = "RuntimeError: out of cloth"
    assert "out of cloth" in texts(run(page))


def test_what_finds_no_place_on_the_person_is_told(page, live, wardrobe):
    page = press(choose_slot(press(run(page), "next"), "bottom"), "next")
    assert "in the picture" not in texts(page)
    live.session.gone = ("bottom",)
    assert "step back" in texts(run(page))
    live.session.gone = ("top", "bottom")
    assert "Nobody to dress is in the picture" in texts(run(page))
    live.session.late = True
    assert "The computer is busy" in texts(run(page)) and "Nobody" not in texts(page)


def test_pace_before_the_first_answer_and_with_a_preset():
    assert pace(Stats(30, 0, None, 3, 256, None), "auto").endswith("waiting for the models")
    assert "at 192 px · result **60 ms** old" in pace(Stats(30, 9, 60, 3, 192, None), "fast")


# Capture


def test_a_picture_can_be_taken_at_once_and_discarded(page, live, wardrobe):
    page = press(run(page), "take")
    shot = page.session_state["fitting-room"].shot
    assert np.array_equal(shot.composed, COMPOSED)
    assert page.get("download_button")
    page = press(page, "discard")
    assert page.session_state["fitting-room"].shot is None


@pytest.mark.parametrize("mirror", [True, False])
def test_the_raw_picture_is_as_the_camera_saw_it(page, live, wardrobe, mirror):
    page = run(run(page).toggle(key="live-mirror").set_value(mirror))
    shot = press(page, "take").session_state["fitting-room"].shot
    assert shot.raw[0, -1 if mirror else 0].tolist() == [250, 0, 0]


def test_the_countdown_counts_and_then_takes_the_picture(page, live, wardrobe, monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(capture.time, "monotonic", lambda: clock.now)
    page = run(page)
    page = run(page.segmented_control(key="live-wait").set_value(3))
    page = press(page, "take")
    room = page.session_state["fitting-room"]
    shown = []
    for now in (100.0, 100.9, 101.1, 102.5):
        clock.now = now
        page = run(page)
        shown.append(
            [h.proto.body for h in page.get("html") if "ew-countdown" in h.proto.body and "timer" in h.proto.body]
        )
        assert room.shot is None
    assert [text[0].partition(">")[2][0] for text in shown] == ["3", "3", "2", "1"]
    clock.now = 103.0
    page = run(page)
    assert page.session_state["fitting-room"].shot is not None
    assert button(page, "take")


def test_a_countdown_can_be_stopped_and_ends_with_the_stream(page, live, wardrobe):
    page = run(page)
    page = run(page.segmented_control(key="live-wait").set_value(10))
    page = press(press(page, "take"), "stop")
    assert page.session_state["fitting-room"].due is None
    page = press(page, "take")
    assert page.session_state["fitting-room"].due is not None
    live.state = StreamState()
    assert run(page).session_state["fitting-room"].due is None


def test_before_the_first_frame_no_picture_is_taken(page, live, wardrobe):
    page = run(page)
    live.session.pictures = None
    assert press(page, "take").session_state["fitting-room"].shot is None


def test_a_picture_is_kept_with_the_garments_that_are_worn_in_it(page, live, wardrobe, store):
    page = press(press(run(page), "next"), "take")
    page = press(page, "next")  # the picture shows what was on when it was taken
    page = press(page, "keep")
    assert np.array_equal(load_image(store.image_path(wardrobe[0], "try_on")), COMPOSED)
    assert store.image_path(wardrobe[1], "try_on") is None
    assert button(page, "keep").disabled


def test_a_picture_without_garments_of_the_wardrobe_cannot_be_kept(page, live, wardrobe):
    assert button(press(run(page), "take"), "keep").disabled


def test_keeping_a_picture_of_an_item_that_is_gone_says_so(page, live, wardrobe, store):
    page = press(press(run(page), "next"), "take")
    store.remove(wardrobe[0])
    page = press(page, "keep")
    assert "There is no item" in texts(page)
    assert not button(page, "keep").disabled


def test_what_is_worn_goes_to_add_garments(page, live, wardrobe, store, monkeypatch):
    went = []
    monkeypatch.setattr(st, "switch_page", went.append)
    page = press(press(run(page), "take"), "digitize")
    queue = ImportQueue(store.home)
    (entry,) = queue.entries()
    assert queue.photo(entry).read()[0, -1].tolist() == [250, 0, 0]
    assert went == [ui.FOLDER / "add_garments.py"]
    run(page)
    assert len(went) == 1, "one comes back without being sent there again"


def test_what_was_just_cut_out_is_worn_at_once(page, live, wardrobe, monkeypatch):
    mask = np.zeros((1, 48, 64), bool)
    mask[0, 8:40, 10:50] = True
    found = Detections.from_masks(mask, [4], [0.9])
    monkeypatch.setattr(cache, "segmenter", lambda name: SimpleNamespace(predict=lambda image, score: found))
    page = press(press(run(page), "take"), "cut")
    assert live.session.look.garments["outer"].key == "cut/1/0"
    page = press(choose_slot(page, "outer"), "remove")
    assert len(page.pills(key="live-pieces-outer").options) == 1, "it stays on the rail"


def test_cutting_out_nothing_says_what_to_do(page, live, wardrobe, monkeypatch):
    nothing = SimpleNamespace(predict=lambda image, score: Detections.empty(48, 64))
    monkeypatch.setattr(cache, "segmenter", lambda name: nothing)
    assert "No garment was found" in texts(press(press(run(page), "take"), "cut"))
