"""The page Compare models without a browser, with segmenters that know the drawn photos by heart."""

from __future__ import annotations

import json

import numpy as np
import pytest
import streamlit as st
from garments_page import WHOLE, WholeSegmenter
from streamlit.testing.v1 import AppTest

from ewardrobe.app.compare.photos import TIMED_RUNS
from ewardrobe.app.compare.views import legend_html
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import jpeg_bytes, load_image, png_bytes
from ewardrobe.models import MODELS, cache
from ewardrobe.models.weights import WeightsError, sha256_of

RED, BLUE, FLOOR = (200, 30, 40), (30, 60, 200), (196, 194, 190)
NAMES = ("unet", "yolo")


def drawn(*boxes, tint: int = 0) -> bytes:
    """A floor with rectangles ``(box, colour)`` on it, as PNG; ``tint`` makes photos differ."""
    image = np.full((240, 180, 3), FLOOR, np.uint8)
    image[0, 0] = tint
    for (x0, y0, x1, y1), colour in boxes:
        image[y0:y1, x0:x1] = colour
    return png_bytes(image)


TOP, TROUSERS = ((40, 30, 140, 120), RED), ((50, 124, 130, 220), BLUE)
OUTFIT, ONLY_TOP, FLOOR_ONLY = drawn(TOP, TROUSERS), drawn(TOP), drawn()


class ColourSegmenter:
    """Calls what is red ``top`` and what is blue trousers, seeing only the left ``share`` of the photo."""

    def __init__(self, top: int = 1, scores=(0.9, 0.6), share: float = 1.0) -> None:
        self.top, self.scores, self.share, self.asked = top, scores, share, 0
        self.fault: Exception | None = None

    def predict(self, image, min_score=0.5):
        self.asked += 1
        if self.fault:
            raise self.fault
        masks = [np.abs(image.astype(int) - colour).sum(axis=2) < 60 for colour in (RED, BLUE)]
        for mask in masks:
            mask[:, round(self.share * mask.shape[1]) :] = False
        return Detections.from_masks(np.stack(masks), [self.top, 8], self.scores).above(min_score)


@pytest.fixture
def weights(tmp_path, monkeypatch):
    """A folder of weights with a file for each of ``NAMES``, as the manifest says; other models have none."""
    entries = {}
    for name in NAMES:
        file = tmp_path / f"{name}.pt"
        file.write_bytes(name.encode())
        entries[name] = {"file": file.name, "sha256": sha256_of(file), "bytes": len(name)}
    (tmp_path / "manifest.json").write_text(json.dumps({"models": entries}))
    monkeypatch.setenv("EWARDROBE_WEIGHTS", str(tmp_path))
    return tmp_path


@pytest.fixture
def models(weights, monkeypatch) -> dict:
    """The models that the page can load, by name; an exception in place of one is raised."""
    known = {"unet": ColourSegmenter(), "yolo": ColourSegmenter(top=2, scores=(0.8, 0.3), share=0.5)}

    def load(name, weights=None):
        if isinstance(known[name], Exception):
            raise known[name]
        return known[name]

    monkeypatch.setattr(cache, "load_segmenter", load)
    st.cache_resource.clear()
    cache.release()
    yield known
    st.cache_resource.clear()
    cache.release()


@pytest.fixture
def page(repository, models) -> AppTest:
    return run(AppTest.from_file(str(repository / "pages" / "compare_models.py"), default_timeout=30))


def run(at: AppTest) -> AppTest:
    at = at.run()
    assert not at.exception, at.exception
    return at


def upload(at: AppTest, *files: bytes) -> AppTest:
    return run(at.file_uploader[0].set_value([(f"photo{i}.png", file, "image/png") for i, file in enumerate(files)]))


def texts(at: AppTest) -> str:
    return "\n".join(element.value for element in [*at.markdown, *at.caption, *at.error, *at.info, *at.subheader])


def captions(at: AppTest) -> list[str]:
    """What stands under the models' pictures."""
    return [caption.value for caption in at.caption if " ms" in caption.value and "garment" in caption.value]


def table(at: AppTest, column: str):
    (frame,) = [frame.value for frame in at.dataframe if column in frame.value]
    return frame


def iou(at: AppTest, place: int = 0) -> float:
    """The IoU of the first with the second model in a heat map, in percent."""
    figure = json.loads(at.get("plotly_chart")[place].proto.spec)
    return float(figure["data"][0]["text"][0][1].rstrip("%"))


def test_shoes_bag_and_hat_are_compared_too(models, page):
    models |= {"unet": WholeSegmenter(), "yolo": WholeSegmenter()}
    page = upload(page, WHOLE)
    assert captions(page)[0].startswith("4 garments")
    rows = table(page, "Verdict")
    assert sorted(rows["Garment"]) == ["bag", "hat", "shoes", "short sleeve top"]
    assert set(rows["Verdict"]) == {"all agree"}


def test_opens_on_the_ways_in(page):
    assert page.title[0].value == "Compare models"
    assert page.segmented_control(key="compare-source").options[-1].endswith("Folder")
    assert page.file_uploader[0].accept_multiple_files
    assert not page.error


def test_models_stand_side_by_side(page, models):
    page = upload(page, OUTFIT)
    assert [m.value for m in page.markdown if m.value.startswith("#####")] == ["##### U-Net", "##### YOLO nano"]
    first, second = captions(page)
    assert first.startswith("2 garments · ")
    assert second.startswith("1 garment · ") and "1 below the confidence" in second
    assert "All 1 photos" not in texts(page)


def test_agreement_of_a_half_seen_top(page):
    """The U-Net sees 100 × 90 and 80 × 96 pixels, YOLO 50 × 90 of the first."""
    page = upload(page, OUTFIT)
    expected = 100 * 50 * 90 / (100 * 90 + 80 * 96)
    assert iou(page) == pytest.approx(expected, abs=0.5)
    assert any("see a garment" in block.proto.body for block in page.get("html"))
    page = run(page.segmented_control(key="compare-way").set_value("Same category"))
    assert iou(page) == 0, "one calls it short, the other long sleeved"


def test_garments_are_matched_in_a_table(page, models):
    models["yolo"].share = 1.0
    frame = table(upload(page, OUTFIT), "Verdict")
    assert frame["Garment"].tolist() == ["short sleeve top", "trousers"]
    assert frame["YOLO nano"].iloc[0] == "80% long sleeve top", "its own name, where it has one"
    assert frame["U-Net"].iloc[0] == "90%"
    assert frame["Verdict"].tolist() == ["names differ", "not seen by YOLO nano"]
    assert frame[""].str.startswith("data:image/jpeg").all()


def test_threshold_never_asks_a_model_again(page, models):
    page = upload(page, OUTFIT)
    asked = [model.asked for model in models.values()]
    assert asked == [2, 2], "the first call of the process is timed apart"
    page = run(page.slider(key="confidence").set_value(20))
    assert [text[:9] for text in captions(page)] == ["2 garment", "2 garment"]
    page = run(page.slider(key="confidence").set_value(90))
    assert [text[:9] for text in captions(page)] == ["1 garment", "0 garment"]
    assert [model.asked for model in models.values()] == asked


def test_models_can_be_left_out_and_taken_back(page, models):
    page = upload(page, OUTFIT)
    page = run(page.button_group(key="compare-models").set_value(["yolo"]))
    assert len(captions(page)) == 1
    assert "two models or more" in texts(page)
    page = run(page.button_group(key="compare-models").set_value([]))
    assert "at least one model" in texts(page)
    page = run(page.button_group(key="compare-models").set_value(["unet", "yolo"]))
    assert len(captions(page)) == 2
    assert [model.asked for model in models.values()] == [2, 2]


def test_sleeves_and_hem_are_enlarged_for_every_model(page):
    page = upload(page, OUTFIT)
    assert "Sleeves and hems" in texts(page)
    garments = [box for box in page.selectbox if (box.key or "").startswith("compare-detail")][0]
    assert garments.options[0].endswith("short sleeve top")
    assert image_count(page) == 2 + 1 + 3 * 3, "two overlays, the map, three places of photo and two cut-outs"
    page = run(garments.set_value(1))
    assert image_count(page) == 2 + 1 + 3 * 2
    assert "YOLO nano does not see this garment" in texts(page)


def image_count(at: AppTest) -> int:
    return len(at.get("image"))


def test_nothing_found_by_anybody(page):
    page = upload(page, FLOOR_ONLY)
    assert "No model sees a garment" in texts(page)
    assert not page.get("plotly_chart")


def test_one_model_that_fails_does_not_stop_the_other(page, models):
    models["unet"].fault = RuntimeError("tensor of [1] dimensions")
    page = upload(page, OUTFIT)
    assert len(captions(page)) == 1
    assert r"RuntimeError" in page.error[0].value and r"tensor of \[1\]" in page.error[0].value
    models["unet"].fault = None
    page = run(page.button(key="again-unet").click())
    assert not page.error
    assert len(captions(page)) == 2


def test_weights_that_turn_out_unusable_are_told_in_their_column(page, models):
    models["yolo"] = WeightsError("weights/yolo.pt holds 'unet': give the file of that model")
    page = upload(page, OUTFIT)
    assert "give the file of that model" in page.error[0].value
    assert len(captions(page)) == 1


def test_a_model_without_weights_is_listed_with_what_to_do(repository, models, weights):
    (weights / "yolo.pt").unlink()
    page = run(AppTest.from_file(str(repository / "pages" / "compare_models.py"), default_timeout=30))
    assert page.button_group(key="compare-models").value == ["unet"]
    missing = [section for section in page.expander if "cannot run" in section.label]
    assert [section.label for section in missing][0] == "YOLO nano cannot run"
    assert len(missing) == len(MODELS) - 1
    assert "restore it from the repository" in missing[0].markdown[0].value


def test_times_say_the_first_call_apart_and_can_be_measured_again(page, models):
    page = upload(page, OUTFIT)
    times = table(page, "first")
    assert times["Model"].tolist() == ["U-Net", "YOLO nano"]
    assert times["runs"].tolist() == [1, 1]
    assert (times[["first", "load", "ms"]] >= 0).all(axis=None)
    page = run(page.button(key="measure").click())
    assert table(page, "first")["runs"].tolist() == [1 + TIMED_RUNS] * 2
    assert [model.asked for model in models.values()] == [2 + TIMED_RUNS] * 2


def test_several_photos_one_after_the_other_and_all_together(page, models):
    page = upload(page, ONLY_TOP, drawn(TOP, tint=9), FLOOR_ONLY)
    assert "**1 of 3**" in texts(page) and page.button(key="previous").disabled
    assert table(page, "Photo")["Photo"].tolist() == ["photo0.png"]
    page = run(page.button(key="next").click())
    assert "**2 of 3**" in texts(page)
    assert models["unet"].asked == 3
    page = run(page.button(key="compare-all").click())
    assert models["unet"].asked == 4
    frame = table(page, "Photo")
    assert frame["Photo"].tolist() == ["photo0.png", "photo1.png", "photo2.png"]
    assert frame["Agreement"].iloc[0] == pytest.approx(50)
    assert frame["Agreement"].isna().tolist() == [False, False, True]
    assert frame["YOLO nano: garments"].tolist() == [1, 1, 0]
    assert page.metric[0].value == "50%"
    assert iou(page, 1) == 50
    assert not [button for button in page.button if button.key == "compare-all"]
    page = run(page.slider(key="confidence").set_value(85))
    assert table(page, "Photo")["Agreement"].iloc[0] == 0
    assert models["unet"].asked == 4


def test_a_folder_with_good_and_bad_files(page, models, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a_bad.jpg").write_bytes(b"Dear Sir or Madam")
    (folder / "b.png").write_bytes(OUTFIT)
    (folder / "c.jpg").write_bytes(jpeg_bytes(load_image(ONLY_TOP), 95))
    page = open_folder(page, str(folder))
    assert "not a picture" in page.error[0].value, "the first is shown first"
    page = run(page.button(key="compare-all").click())
    assert table(page, "Photo")["Photo"].tolist() == ["b.png", "c.jpg"]
    page = run(page.button(key="next").click())
    assert len(captions(page)) == 2


def open_folder(page: AppTest, path: str) -> AppTest:
    page = run(page.segmented_control(key="compare-source").set_value("Folder"))
    page.text_input(key="compare-folder").set_value(path)
    return run(page.button[0].click())


@pytest.mark.parametrize(("path", "said"), [("", "Type the folder"), ("/no/such", "no such folder"), (".git", "")])
def test_a_folder_that_is_none(page, path, said, tmp_path):
    page = open_folder(page, path if said else str(tmp_path))
    assert (said or "no photo in it") in page.error[0].value
    assert page.text_input(key="compare-folder")


def test_a_model_that_fails_on_one_photo_is_counted_out(page, models):
    page = upload(page, ONLY_TOP, drawn(TOP, tint=9))
    models["yolo"].fault = RuntimeError("no")
    page = run(page.button(key="compare-all").click())
    assert table(page, "Photo")["Photo"].tolist() == ["photo0.png"]
    assert "1 photo left out here" in texts(page)


def test_too_many_photos_are_told_of_the_folder(page):
    from ewardrobe.app.compare.photos import MAX_PHOTOS

    page = upload(page, *[drawn(tint=i) for i in range(MAX_PHOTOS + 2)])
    assert "2 were left out: give the folder's path" in texts(page)


def test_camera_photo(page):
    page = run(page.segmented_control(key="compare-source").set_value("Camera"))
    page = run(page.camera_input[0].set_value(("camera.jpg", jpeg_bytes(load_image(OUTFIT), 95), "image/jpeg")))
    assert len(captions(page)) == 2


def test_start_over(page):
    page = run(upload(page, OUTFIT).button(key="compare-over").click())
    assert page.file_uploader and not captions(page)


def test_legend_speaks_of_shares():
    html = legend_html([0.25, 0.75], by_category=True)
    assert "all 2 name the same category: 75%" in html and "1 of 2: 25%" in html
    assert html.index("75%") < html.index("25%")


def test_a_third_model_joins_by_being_known_and_having_weights(page, models, weights, monkeypatch):
    monkeypatch.setitem(MODELS, "mask_rcnn", "ewardrobe.models.mask_rcnn")
    file = weights / "mask_rcnn.pt"
    file.write_bytes(b"third")
    manifest = json.loads((weights / "manifest.json").read_text())
    manifest["models"]["mask_rcnn"] = {"file": file.name, "sha256": sha256_of(file), "bytes": 5}
    (weights / "manifest.json").write_text(json.dumps(manifest))
    models["mask_rcnn"] = ColourSegmenter(share=0.5)
    page = upload(run(page), OUTFIT)
    page = run(page.button_group(key="compare-models").set_value(["unet", "yolo", "mask_rcnn"]))
    assert len(captions(page)) == 3
    assert "##### Mask R-CNN" in texts(page)
    assert {"U-Net", "YOLO nano", "Mask R-CNN"} < set(table(page, "Verdict"))
    assert any("all 3 see a garment" in block.proto.body for block in page.get("html"))
