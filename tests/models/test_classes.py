"""Networks of 13 classes find garments only; what a network of 16 has learned of shoes, bags and hats comes through."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_weights import WIDTHS

from ewardrobe.core.detections import Detections
from ewardrobe.core.taxonomy import CATEGORY_IDS, CATEGORY_NAMES, INSTANCE_NAMES, classes_of
from ewardrobe.models import load_segmenter
from ewardrobe.models.confidence import Confidence, of_entry
from ewardrobe.models.networks import mask_rcnn as mask_rcnn_model
from ewardrobe.models.networks import unet as unet_model
from ewardrobe.models.networks import yolo

YOLO = "yolo11n-seg.yaml"


def network(name: str, classes: int) -> tuple[dict, list[torch.Tensor], int]:
    """Return a file's content, untrained, the biases of its classes, and how many come before the first class."""
    torch.manual_seed(0)
    if name == "yolo":
        model = yolo.build(YOLO, classes)
        biases = [branch[-1].bias for branch in model.model[-1].cv3]
        return {"kind": name, "architecture": YOLO, "model": model, "size": 64}, biases, 0
    content = {"kind": name, "size": 64, "widths": WIDTHS}
    if name == "unet":
        model = unet_model.UNet(WIDTHS, labels=18 if classes == 13 else 19, classes=classes)
        return content | {"model": model}, [model.head.bias], 0
    model = mask_rcnn_model.build("unet", 64, WIDTHS, classes=classes + 1)
    return content | {"model": model, "backbone": "unet"}, [model.roi_heads.box_predictor.cls_score.bias], 1


@pytest.fixture(params=["mask_rcnn", "unet", "yolo"])
def one_that_sees(request, tmp_path, monkeypatch):
    """``one_that_sees(label, classes)``: the app's segmenter of a network that takes everything for that label."""
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    name = request.param

    def build(label: int, classes: int):
        content, biases, before = network(name, classes)
        with torch.no_grad():
            for bias in biases:
                bias.fill_(-12.0)
                bias[label - 1 if name == "unet" else before + int(classes_of(label))] = 12.0
        path = tmp_path / f"{classes}.pt"
        torch.save(content | {"model": content["model"].state_dict()}, path)
        return load_segmenter(name, path)

    return build


def labels_in(found: Detections) -> set[int]:
    return set(found.category_ids.tolist())


IMAGE = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.mark.parametrize("label", [16, 17, 19])
def test_shoes_bags_and_hats_come_through(one_that_sees, label):
    assert labels_in(one_that_sees(label, 16).predict(IMAGE, 0.9)) == {label}


@pytest.mark.parametrize("label", [1, 13])
def test_thirteen_classes_are_the_garments_and_nothing_else(one_that_sees, label):
    segmenter = one_that_sees(label, 13)
    assert labels_in(segmenter.predict(IMAGE, 0.9)) == {label}
    assert labels_in(segmenter.predict(IMAGE, 0.001)) <= set(CATEGORY_IDS)


def test_a_network_of_thirteen_is_asked_for_no_more_than_its_garments_need():
    garments = Confidence((0.4,) * 13)
    assert garments.lowest_raw(0.5) == pytest.approx(0.4, rel=1e-5)
    every = Confidence((0.4,) * 13 + (0.3, 0.6, 0.7))
    assert every.lowest_raw(0.5) == pytest.approx(0.3, rel=1e-5)
    found = Detections.from_masks(np.ones((3, 4, 4), bool), [1, 16, 19], [0.5, 0.4, 0.5])
    assert labels_in(every.applied(found, 0.5)) == {1, 16}


def test_thresholds_of_accessories_are_read_where_they_were_chosen():
    chosen = {"raw_scores": dict.fromkeys(INSTANCE_NAMES, 0.3) | {"bag": 0.45}, "weights_sha256": "a"}
    entry = {"file": "yolo.pt", "sha256": "a", "thresholds": chosen}
    assert of_entry(entry).by_name()["bag"] == 0.45
    chosen["raw_scores"] = dict.fromkeys(CATEGORY_NAMES, 0.3)
    assert tuple(of_entry(entry).by_name()) == CATEGORY_NAMES
