"""Starting from public weights: an ultralytics checkpoint on disk fills a YOLO or the encoder of a U-Net."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ewardrobe.core import process
from ewardrobe.core.taxonomy import INSTANCES, LABEL_COUNT
from ewardrobe.models import inputs, unet
from ewardrobe.models.networks.encoders import ENCODERS, PIXEL_SCALE, PIXEL_SHIFT, make_encoder
from ewardrobe.models.networks.unet import UNet
from ewardrobe.models.weights import WeightsError
from train import card, mask_rcnn, yolo
from train import unet as train_unet
from train.loop.engine import TrainingError


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> Path:
    """A YOLOv8n for 80 classes with random tensors, saved as ultralytics saves its own."""
    process.quiet_ultralytics()
    from ultralytics.nn.tasks import DetectionModel

    torch.manual_seed(7)
    path = tmp_path_factory.mktemp("public") / "yolov8n.pt"
    torch.save({"model": DetectionModel("yolov8n.yaml", nc=80, verbose=False).half()}, path)
    return path


def tensors_of(path: Path) -> dict:
    return torch.load(path, weights_only=False)["model"].float().state_dict()


@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder_gives_maps_at_five_strides(name):
    encoder = make_encoder(name).eval()
    maps = encoder(torch.zeros(1, 3, 96, 64))
    assert [m.shape[1] for m in maps] == list(encoder.widths)
    assert [tuple(m.shape[2:]) for m in maps] == [(96 // stride, 64 // stride) for stride in (2, 4, 8, 16, 32)]


def test_an_unknown_encoder_says_which_there_are():
    with pytest.raises(ValueError, match="known are plain, yolov8n"):
        make_encoder("resnet50")


def test_a_yolos_backbone_sees_the_pixels_as_a_yolo_does():
    pixels = np.array([0, 127.5, 255])
    assert ((pixels - inputs.MEAN) / inputs.STD * PIXEL_SCALE + PIXEL_SHIFT).tolist() == pytest.approx([0, 0.5, 1])


def test_the_unets_encoder_starts_from_a_public_backbone(public):
    config = train_unet.UNetConfig(encoder="yolov8n", pretrained=str(public))
    model = train_unet.UNetTask(config).build()
    theirs = tensors_of(public)
    for key, value in model.encoder.layers.state_dict().items():
        assert torch.equal(value, theirs[f"model.{key}"]), key
    other = train_unet.UNetTask(train_unet.UNetConfig(encoder="yolov8n", pretrained=str(public), init="x.pt")).build()
    first, again = (m.encoder.layers[0].conv.weight for m in (model, other))
    assert not torch.equal(first, again)  # --init comes first


def test_a_yolo_starts_from_every_layer_that_fits(public):
    model = yolo.YoloTask(yolo.YoloConfig(architecture="yolov8n-seg.yaml", pretrained=str(public))).build()
    theirs = tensors_of(public)
    assert torch.equal(model.state_dict()["model.0.conv.weight"], theirs["model.0.conv.weight"])
    assert model.model[-1].nc == len(INSTANCES)


def test_public_weights_that_do_not_fit_say_so(public, tmp_path):
    with pytest.raises(TrainingError, match="does not fit --encoder"):
        train_unet.UNetTask(train_unet.UNetConfig(encoder="yolov8s", pretrained=str(public))).build()
    with pytest.raises(TrainingError, match="give --encoder yolov8s"):
        train_unet.UNetTask(train_unet.UNetConfig(pretrained=str(public)))
    (tmp_path / "broken.pt").write_bytes(b"no weights")
    with pytest.raises(TrainingError, match="give a local .pt file"):
        train_unet.UNetTask(train_unet.UNetConfig(encoder="yolov8n", pretrained=str(tmp_path / "broken.pt"))).build()


def test_a_mask_rcnn_takes_the_encoder_over(public):
    task = train_unet.UNetTask(train_unet.UNetConfig(encoder="yolov8n", pretrained=str(public)))
    state = task.build().state_dict()
    content = {"kind": "unet", "model": state, **task.content()}
    heir = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig(encoder="yolov8n"))
    model = heir.build()
    heir.initialise(model, content)
    assert torch.equal(model.backbone.body.layers[0].conv.weight, state["encoder.layers.0.conv.weight"])
    assert heir.content()["encoder"] == "yolov8n"
    other = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig())
    with pytest.raises(TrainingError, match="give --encoder yolov8n"):
        other.initialise(other.build(), content)


def test_weights_name_their_encoder(tmp_path):
    content = {"kind": "unet", "model": UNet(encoder="yolov8n").state_dict(), "encoder": "yolov8n", "size": 64}
    torch.save(content, tmp_path / "unet.pt")
    found = unet.load(tmp_path / "unet.pt").parse(np.zeros((40, 64, 3), np.uint8))
    assert found.shape == (LABEL_COUNT, 20, 32)
    torch.save(content | {"encoder": "vgg"}, tmp_path / "unet.pt")
    with pytest.raises(WeightsError, match="which network"):
        unet.load(tmp_path / "unet.pt")


def test_the_card_says_what_the_training_started_from():
    assert "`yolov8s-world.pt`" in card.start({"config": {"pretrained": "yolov8s-world.pt"}})
    assert "the U-Net's encoder" in card.start({"config": {"pretrained": False, "encoder": "yolov8s"}})
    assert card.start({"config": {"pretrained": ""}}) == card.start({}) == "No weights of others went into it."
