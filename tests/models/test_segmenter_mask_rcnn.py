"""Mask R-CNN as a segmenter, with random tensors: what it needs to be loaded, and that masks lie where boxes say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ewardrobe.core.detections import masks_to_xyxy
from ewardrobe.models import Segmenter
from ewardrobe.models.inputs import network_input, normalised
from ewardrobe.models.mask_rcnn import MaskRCNNSegmenter, load, normalisation, paste_mask
from ewardrobe.models.networks.mask_rcnn import CLASS_COUNT, Regions, build, replace_heads
from ewardrobe.models.networks.on_torch import TorchNetwork
from ewardrobe.models.weights import WeightsError


@pytest.fixture(scope="module")
def segmenter() -> MaskRCNNSegmenter:
    torch.manual_seed(0)
    return MaskRCNNSegmenter(TorchNetwork(Regions(build("unet", 64))), "unet", 64)


@pytest.mark.parametrize("size", [(1, 1), (300, 1), (1, 300), (37, 53), (240, 320)])
def test_any_size_gives_masks_of_the_photo(segmenter, size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    before = image.copy()
    found, again = segmenter.predict(image, 0.01), segmenter.predict(image, 0.01)
    assert isinstance(segmenter, Segmenter) and found.image_size == size
    assert (np.diff(found.scores) <= 0).all()
    np.testing.assert_array_equal(found.boxes, masks_to_xyxy(found.masks))
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(found.masks, again.masks)


def test_a_higher_threshold_only_leaves_garments_out(segmenter):
    image = np.random.default_rng(1).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    few = segmenter.predict(image, 0.08)
    many = segmenter.predict(image, 0.01).above(0.08)
    np.testing.assert_allclose(few.scores, many.scores, rtol=1e-5)
    assert (few.masks == many.masks).all()


@pytest.mark.parametrize("box", [(10.3, 20.7, 90.2, 130.9), (-15.5, -4.2, 60.1, 70.3), (50.0, 60.0, 200.0, 190.0)])
def test_masks_are_pasted_as_a_bilinear_sampler_does(box):
    soft = cv2.GaussianBlur(np.random.default_rng(2).random((28, 28)).astype(np.float32), (0, 0), 3)
    soft = (soft - soft.min()) / (soft.max() - soft.min())
    mask = paste_mask(soft, np.array(box, np.float32), (160, 140))
    x0, y0, x1, y1 = box
    xs, ys = torch.arange(140) + 0.5, torch.arange(160) + 0.5
    grid_y, grid_x = torch.meshgrid((ys - y0) / (y1 - y0) * 2 - 1, (xs - x0) / (x1 - x0) * 2 - 1, indexing="ij")
    grid = torch.stack([grid_x, grid_y], -1)[None]
    expected = F.grid_sample(torch.from_numpy(soft)[None, None], grid, align_corners=False)[0, 0].numpy() >= 0.5
    union = (mask | expected).sum()
    assert union > 100 and (mask & expected).sum() / union > 0.98  # OpenCV rounds positions to 1/32 pixel


def test_a_box_outside_the_photo_has_no_mask():
    assert not paste_mask(np.ones((28, 28), np.float32), np.array([200, 10, 220, 30], np.float32), (100, 100)).any()


def test_what_the_network_is_shown_is_what_it_is_trained_on():
    image = np.random.default_rng(3).integers(0, 256, (64, 48, 3), dtype=np.uint8)
    batch, (rows, cols) = network_input(image, 64, *normalisation("resnet18"))
    assert (rows, cols) == (64, 48) and batch.shape == (1, 3, 64, 64)
    np.testing.assert_allclose(batch[..., :48], normalised(image[None], *normalisation("resnet18")))
    red = (image[0, 0, 0] / 255 - 0.485) / 0.229
    assert batch[0, 0, 0, 0] == pytest.approx(red, abs=1e-4)


def weights_file(path, **changes):
    model = build("resnet18", 64)
    half = {k: v.half() if v.is_floating_point() else v for k, v in model.state_dict().items()}
    content = {"kind": "mask_rcnn", "model": half, "backbone": "resnet18", "size": 96, "anchor_size": 64} | changes
    torch.save({k: v for k, v in content.items() if v is not None}, path)
    return path


def test_weights_load_with_the_network_they_are_of(tmp_path):
    segmenter = load(weights_file(tmp_path / "good.pt"), runtime="torch")
    assert (segmenter.size, segmenter.backbone) == (96, "resnet18")
    sizes = segmenter.network.module.model.rpn.anchor_generator.sizes
    assert sizes == build("resnet18", 64).rpn.anchor_generator.sizes


@pytest.mark.parametrize("backbone", ["unet", "resnet18"])
def test_openvino_sees_what_torch_sees(tmp_path, monkeypatch, backbone):
    """With random weights; the light network is found again in the cache by a second load."""
    torch.manual_seed(1)
    model = build(backbone, 64)
    path = weights_file(tmp_path / "weights.pt", model=model.state_dict(), backbone=backbone)
    monkeypatch.setenv("EWARDROBE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("EWARDROBE_PRECISION", "f32")
    segmenters = {}
    for runtime in ("torch", "openvino", *["openvino"] * (backbone == "unet")):
        monkeypatch.setenv("EWARDROBE_RUNTIME", runtime)
        segmenters[runtime] = load(path)
        assert segmenters[runtime].runtime == runtime
    assert len(list((tmp_path / "cache" / "openvino").iterdir())) == 1
    image = np.random.default_rng(4).integers(0, 256, (90, 70, 3), dtype=np.uint8)
    batch, _ = network_input(image, 96, *normalisation(backbone))
    boxes, labels, scores, masks = segmenters["openvino"]._run(batch, 0.01)
    assert len(boxes)
    for ours, theirs in zip((boxes, labels, scores, masks), segmenters["torch"]._run(batch, 0.01), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "unet"}, "holds 'unet'"),
        ({"backbone": None}, "do not say which"),
        ({"backbone": "vgg"}, "unknown backbone"),
        ({"backbone": "unet"}, "do not fit"),
    ],
)
def test_weights_of_something_else_are_refused(tmp_path, changes, message):
    with pytest.raises(WeightsError, match=message):
        load(weights_file(tmp_path / "bad.pt", **changes))


def test_the_full_network_is_torchvisions_with_heads_for_the_categories():
    model = build("resnet50", 800)
    assert model.roi_heads.box_predictor.cls_score.out_features == CLASS_COUNT == 17
    replace_heads(model)
    assert model.roi_heads.mask_predictor.mask_fcn_logits.out_channels == CLASS_COUNT
    assert sum(p.numel() for p in model.parameters()) > 45e6
