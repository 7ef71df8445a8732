"""Webcam views of worn photos: the frame, its masks, and models judged on them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from stand_ins import StandIn

from ewardrobe.__main__ import main
from ewardrobe.core.detections import Detections
from ewardrobe.datasets import webcam
from ewardrobe.datasets.deepfashion2 import DatasetError, DeepFashion2
from ewardrobe.datasets.samples import Sample
from ewardrobe.datasets.synthetic import write_dataset
from ewardrobe.evaluation.evaluator import Options, evaluate_views
from ewardrobe.models import check_image

TOP, BOTTOM = 1, 8


@pytest.fixture
def sample() -> Sample:
    """A person of 300 pixels: head, top (100 high), trousers (150 high), on a photo of 400×200."""
    parsing = np.zeros((400, 200), np.uint8)
    parsing[50:100, 90:110] = 14
    parsing[100:200, 70:130] = TOP
    parsing[200:350, 80:120] = BOTTOM
    masks = np.stack([parsing == TOP, parsing == BOTTOM]).astype(np.uint8)
    image = np.full((400, 200, 3), 200, np.uint8)
    image[parsing == TOP] = (180, 30, 30)
    return Sample(image, masks, np.array([TOP, BOTTOM]), parsing)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> DeepFashion2:
    """Rendered photos, of which about half are worn."""
    folder = tmp_path_factory.mktemp("webcam")
    write_dataset(folder, 6, seed=3, split="validation", worn_share=0.7)
    return DeepFashion2(folder, "validation")


def seen(sample: Sample, view: str) -> Sample:
    return webcam.as_webcam(sample, webcam.VIEWS[view], np.random.default_rng(0))


@pytest.mark.parametrize("view", webcam.VIEWS)
def test_a_view_is_a_frame_with_masks_of_its_size(sample, view):
    frame = seen(sample, view)
    check_image(frame.image)
    assert frame.image.shape[:2] == frame.masks.shape[1:] == frame.parsing.shape == webcam.FRAME
    assert frame.masks.any(axis=(1, 2)).all()


def test_the_whole_person_fits_and_a_near_camera_cuts_the_legs_off(sample):
    whole, half, close = (seen(sample, view) for view in ("whole", "half_body", "close"))
    assert set(whole.category_ids) == {TOP, BOTTOM}
    heights = [np.ptp(np.flatnonzero((s.parsing > 0).any(axis=1))) + 1 for s in (whole, half)]
    assert heights == pytest.approx([480 * (1 - webcam.HEADROOM)] * 2, abs=3)
    tops = [s.masks[list(s.category_ids).index(TOP)].sum() for s in (whole, half, close)]
    assert tops[1] > 3 * tops[0]
    assert BOTTOM not in close.category_ids  # 36 % of the person ends above the trousers


def test_masks_lie_on_the_garment_that_the_frame_shows(sample):
    frame = seen(sample, "tilted")
    top = frame.masks[0].astype(bool)
    red = frame.image[..., 0].astype(int) - frame.image[..., 1] > 75
    assert (top & red).sum() / (top | red).sum() > 0.95


def test_dim_is_dark_and_noisy_is_noisy(sample):
    plain, dim, noisy = (seen(sample, view).image.astype(float) for view in ("half_body", "dim", "noisy"))
    assert dim.mean() == pytest.approx(0.3 * plain.mean(), rel=0.1)
    assert np.abs(noisy - plain).mean() > 2 * np.abs(plain[1:] - plain[:-1]).mean()


def test_a_photo_without_a_person_has_no_webcam_view(sample):
    flat = Sample(sample.image, sample.masks, sample.category_ids, None)
    with pytest.raises(ValueError, match="worn photo with a parsing map"):
        seen(flat, "close")


def test_views_are_a_data_set_of_the_worn_photos_and_the_same_again(photos, tmp_path):
    first, second = (webcam.write_views(photos, tmp_path / name, "dim") for name in "ab")
    written = DeepFashion2(first, "validation", on_error="raise")
    worn = [r.image_id for r in photos.records() if r.worn]
    assert [r.image_id for r in written.records()] == worn
    assert all((r.height, r.width) == webcam.FRAME and r.worn for r in written.records())
    for path in sorted((first / "validation/image").iterdir()):
        assert path.read_bytes() == (second / "validation/image" / path.name).read_bytes()


def test_a_data_set_without_a_person_says_so(tmp_path):
    write_dataset(tmp_path / "flat", 2, seed=0, split="validation", worn_share=0.0)
    with pytest.raises(DatasetError, match="no worn photo"):
        webcam.write_views(DeepFashion2(tmp_path / "flat", "validation"), tmp_path / "out", "dim")


class Blind(StandIn):
    """Finds nothing, in frames alone; keeps the sizes that it was asked to work at."""

    name, size = "blind", 320

    def __init__(self) -> None:
        self.sizes = []

    def at(self, size: int) -> Blind:
        self.sizes.append(size)
        return self

    def predict(self, image: np.ndarray, min_score: float = 0.5):
        assert image.shape[:2] == webcam.FRAME
        return Detections.empty(*image.shape[:2])


def test_every_view_is_judged_as_the_live_page_sees_it(photos):
    model = Blind()
    views = evaluate_views(model, photos, Options(threshold=0.5))
    assert list(views) == list(webcam.VIEWS)
    assert model.sizes == [320]
    worn = sum(r.worn for r in photos.records())
    assert all(0 < v["images"] <= worn and v["mask_ap"] == 0 for v in views.values())


def test_the_command_writes_the_views(photos, tmp_path, capsys, monkeypatch):
    few = {name: webcam.VIEWS[name] for name in ("half_body", "dim")}
    monkeypatch.setattr("ewardrobe.evaluation.evaluator.VIEWS", few)
    words = ["--data", str(photos.root), "--model", "yolo", "--resamples", "0", "--webcam"]
    assert main(["evaluate", *words, "--json", str(tmp_path / "m.json")]) == 0
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert set(metrics["webcam"]) == set(few)
    assert "--webcam" in metrics["meta"]["command"]
    assert "half body" in capsys.readouterr().out
