"""Every training script: two steps on rendered photos, exact resume, an export that loads; where weights start from."""

from __future__ import annotations

import json
import shutil
import urllib.error

import numpy as np
import pytest
import torch
from training import SCRIPTS, SMALL

from ewardrobe.datasets.samples import Sample
from ewardrobe.evaluation import held_out
from ewardrobe.models import NETWORKS, inputs, kind_of, weights
from ewardrobe.models import mask_rcnn as mask_rcnn_segmenter
from ewardrobe.models import unet as unet_segmenter
from ewardrobe.models import yolo as yolo_segmenter
from ewardrobe.models.networks.encoders import normalised
from train import mask_rcnn, unet, yolo
from train.loop import checkpoints, data, engine, trainer
from train.loop.config import parse_config
from train.register import main as register_main
from train.register import register

LOADERS = {"mask_rcnn": mask_rcnn_segmenter.load, "unet": unet_segmenter.load, "yolo": yolo_segmenter.load}


@pytest.fixture(params=sorted(SCRIPTS))
def script(request, tmp_path, monkeypatch, rendered_dataset):
    """Return (name, train): ``train(steps, **flags)`` runs the script in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    config_class, task_class = SCRIPTS[request.param]

    def train(steps: int, **flags):
        config = config_class(**SMALL, data=str(rendered_dataset), steps=steps, validation_images=2, **flags)
        return trainer.run(task_class(config))

    return request.param, train


class StopAfter(engine.GracefulStop):
    """Stands in for Ctrl-C after a number of steps."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.left = steps

    @property
    def requested(self) -> bool:
        self.left -= 1
        return self.left <= 0

    @requested.setter
    def requested(self, value: bool) -> None:
        pass


def test_train_validate_resume_export_and_load(script, tmp_path, monkeypatch):
    name, train = script
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    whole = train(2, name="whole")
    assert whole.step == 2 and whole.images == 4
    with monkeypatch.context() as patch:
        patch.setattr(engine, "GracefulStop", lambda: StopAfter(1))
        assert train(2, name="parts").step == 1
    parts = train(2, name="parts", resume=True)
    assert parts.step == 2 and parts.images == 4
    expected = whole.model.state_dict()
    for key, value in parts.model.state_dict().items():
        torch.testing.assert_close(value, expected[key], rtol=1e-5, atol=1e-6, msg=key)
    average = whole.average.module.state_dict()
    for key, value in parts.average.module.state_dict().items():
        torch.testing.assert_close(value, average[key], rtol=1e-5, atol=1e-6, msg=key)
    lines = [json.loads(line) for line in (parts.folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 1, 2, 2]
    assert "loss" in lines[2] and "mask_ap" in lines[3]["val"]
    check_export(name, parts.folder / "best.pt", tmp_path / "weights")


def check_export(name, best, folder):
    folder.mkdir()
    entry = register(name, best, folder, "rendered", "test")
    assert entry["images"] == 2 and entry["config"]["batch_size"] == 2  # the first validation's: none was better
    assert weights.load_state(name, weights.verified_path(name, folder)[0])[0]["kind"] == name
    segmenter = LOADERS[name](folder / entry["file"])
    assert segmenter.size == 64
    segmenter.predict(np.zeros((50, 40, 3), np.uint8), 0.01)


def unet_file(path):
    model = unet.UNetTask(unet.UNetConfig()).build()
    torch.save({"kind": "unet", "model": {k: v.half() for k, v in model.state_dict().items()}}, path)
    return model


def test_mask_rcnn_takes_over_the_encoder_of_a_unet(tmp_path):
    expected = unet_file(tmp_path / "unet.pt").encoder.state_dict()
    task = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig())
    model = task.build()
    task.initialise(model, checkpoints.read(tmp_path / "unet.pt"))
    for key, value in model.backbone.body.state_dict().items():
        torch.testing.assert_close(value.float(), expected[key].float(), rtol=1e-3, atol=1e-4)


def test_worn_photos_are_zoomed_into_as_asked_and_kept_as_large_as_that_needs():
    plain, close = unet.UNetConfig(augment=0.5), unet.UNetConfig(augment=0.5, worn_zoom=3.0)
    assert data.augmentation(plain).worn_zoom_in == pytest.approx(2.2**0.5)
    assert data.augmentation(close).worn_zoom_in == 3
    assert data.augmentation(close).flat_zoom_in == data.augmentation(plain).flat_zoom_in
    assert data.photo_sides(plain) == (320, 320)
    assert data.photo_sides(close) == (320, 614)


def test_a_yolo_takes_over_the_encoder_that_is_its_own_backbone():
    encoder = unet.UNetTask(unet.UNetConfig(encoder="yolov8n")).build()
    content = {"kind": "unet", "encoder": "yolov8n", "model": encoder.state_dict()}
    task = yolo.YoloTask(yolo.YoloConfig(architecture="yolov8n-seg.yaml"))
    model = task.build()
    task.initialise(model, content)
    own = model.model.state_dict()
    taken = {k.removeprefix("layers."): v for k, v in encoder.encoder.state_dict().items()}
    assert taken.keys() < own.keys() and max(int(k.split(".")[0]) for k in taken) == 9
    for key, value in taken.items():
        torch.testing.assert_close(own[key], value)
    for architecture in ("yolov8s-seg.yaml", "yolo11n-seg.yaml"):  # wider; other layers
        other = yolo.YoloTask(yolo.YoloConfig(architecture=architecture))
        with pytest.raises(engine.TrainingError, match="encoder is yolov8n: give the --architecture"):
            other.initialise(other.build(), content)
    plain = {"kind": "unet", "model": unet.UNetTask(unet.UNetConfig()).build().state_dict()}
    with pytest.raises(engine.TrainingError, match="encoder is plain"):
        task.initialise(model, plain)


def test_init_from_a_mask_rcnn_takes_all_weights_and_the_average_of_a_checkpoint(tmp_path):
    task = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig(backbone="resnet18"))
    first, second = task.build(), task.build()
    wrong = {k: torch.zeros_like(v) for k, v in first.state_dict().items()}
    task.initialise(second, {"kind": "mask_rcnn-checkpoint", "model": wrong, "ema": first.state_dict()})
    for key, value in second.state_dict().items():
        torch.testing.assert_close(value, first.state_dict()[key])


def test_init_from_something_else_says_what_fits(tmp_path):
    unet_file(tmp_path / "unet.pt")
    content = checkpoints.read(tmp_path / "unet.pt")
    task = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig(backbone="resnet18"))
    with pytest.raises(engine.TrainingError, match="fits --backbone unet, not resnet18"):
        task.initialise(task.build(), content)
    with pytest.raises(engine.TrainingError, match="holds 'yolo', not 'mask_rcnn'"):
        task.initialise(task.build(), {**content, "kind": "yolo"})
    with pytest.raises(engine.TrainingError, match="do not fit the network"):
        task.initialise(task.build(), {**content, "kind": "mask_rcnn"})
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(engine.TrainingError, match=r"give a best.pt or last.pt"):
        checkpoints.read(tmp_path / "list.pt")
    with pytest.raises(engine.TrainingError, match="does not exist"):
        checkpoints.read(tmp_path / "none.pt")


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_public_weights_that_cannot_be_had_are_told(backbone, monkeypatch):
    def offline(*args, **kwargs):
        raise urllib.error.URLError("Temporary failure in name resolution")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    task = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig(backbone=backbone, pretrained=True))
    monkeypatch.setattr(mask_rcnn, "build", lambda *args: None)
    with pytest.raises(engine.TrainingError, match=r"name resolution.*leave --pretrained out"):
        mask_rcnn.with_public_weights(None, task.config.backbone)


def test_the_unet_body_has_no_public_weights():
    with pytest.raises(engine.TrainingError, match="give --init"):
        mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig(pretrained=True))


def test_public_weights_are_used_where_there_is_a_network(monkeypatch):
    public = mask_rcnn.build("resnet18", 64)
    body = {k: torch.full_like(v, 0.5) for k, v in public.backbone.body.state_dict().items()}
    state = {**body, "fc.weight": torch.zeros(1000, 512), "fc.bias": torch.zeros(1000)}
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", lambda *args, **kwargs: state)
    model = mask_rcnn.with_public_weights(mask_rcnn.build("resnet18", 64), "resnet18")
    assert (model.backbone.body.conv1.weight == 0.5).all()


def test_mask_rcnn_targets_are_torchvisions_and_degenerate_garments_are_dropped():
    masks = np.zeros((3, 64, 64), np.uint8)
    masks[0, 10:30, 5:25], masks[1, 40, 0:60], masks[2, 0:64, 0:64] = 1, 1, 1  # the second is one pixel high
    sample = Sample(np.zeros((64, 64, 3), np.uint8), masks, np.array([1, 8, 13]), None)
    task = mask_rcnn.MaskRCNNTask(mask_rcnn.MaskRCNNConfig())
    images, (target,) = task.collate([task.encode(sample)])
    assert images.shape == (1, 64, 64, 3) and images.dtype == torch.uint8
    assert target["labels"].tolist() == [1, 13]
    assert target["boxes"].tolist() == [[5, 10, 25, 30], [0, 0, 64, 64]] and target["masks"].shape == (2, 64, 64)
    assert target["boxes"].dtype == torch.float32 and target["labels"].dtype == torch.int64


@pytest.mark.parametrize("backbone", ["unet", "resnet18"])
def test_the_network_trains_on_what_the_app_gives_it(backbone):
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 64, 3), dtype=np.uint8)
    tensor = torch.from_numpy(images)
    served = inputs.normalised(images, *mask_rcnn_segmenter.normalisation(backbone))
    trained = normalised(tensor, *mask_rcnn_segmenter.normalisation(backbone))
    np.testing.assert_allclose(trained.numpy(), served, atol=1e-5)
    assert trained.is_contiguous(memory_format=torch.channels_last)
    for scaling in (yolo_segmenter.SCALING, (inputs.MEAN, inputs.STD)):
        np.testing.assert_allclose(normalised(tensor, *scaling), inputs.normalised(images, *scaling), atol=1e-6)


def test_flags_come_from_the_dataclass():
    config = parse_config(unet.UNetConfig, "doc", ["--lr", "0.5", "--resume", "--data", "x"])
    assert (config.lr, config.resume, config.data, config.steps) == (0.5, True, "x", unet.UNetConfig().steps)


def test_shipped_weights_hold_no_folder_of_the_machine_that_trained_them():
    for name in NETWORKS:
        flags = weights.load_state(name, kind=kind_of(name))[0]["info"]["config"]
        assert all("/" not in flags.get(key, "") for key in ("data", "extra", "init", "cache"))


def test_a_continued_run_is_counted_on_from_the_shipped_one(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    unet_file(tmp_path / "best.pt")
    content = torch.load(tmp_path / "best.pt", weights_only=True) | {"info": {"step": 10, "images": 160}}
    torch.save(content, tmp_path / "best.pt")
    record = '{"step": 10, "images": 160, "seconds": 5, "val": {"mask_ap": 0.1}}'
    (tmp_path / "log.jsonl").write_text(f'{record}\n{{"st')  # the last line was cut off
    with pytest.raises(weights.WeightsError, match="has no unet yet"):
        register("unet", tmp_path / "best.pt", folder, "rendered", "test", continues=True)
    assert register("unet", tmp_path / "best.pt", folder, "rendered", "test")["steps"] == 10
    entry = register("unet", tmp_path / "best.pt", folder, "rendered", "test", continues=True)
    assert (entry["steps"], entry["images"]) == (20, 320)
    lines = [json.loads(line) for line in (folder / "unet.log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["images"]) for line in lines] == [(10, 160), (20, 320)]


def test_thresholds_stay_with_their_weights_alone(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    unet_file(tmp_path / "first.pt")
    unet_file(tmp_path / "second.pt")
    first = register("unet", tmp_path / "first.pt", folder, "rendered", "test")
    assert "thresholds" not in first
    chosen = {"weights_sha256": first["sha256"], "raw_scores": {}}
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({"models": {"unet": first | {"thresholds": chosen}}}))
    assert register("unet", tmp_path / "first.pt", folder, "rendered", "again")["thresholds"] == chosen
    assert "thresholds" not in register("unet", tmp_path / "second.pt", folder, "rendered", "test")


def test_the_manifest_says_by_which_photos_weights_came_about(rendered_dataset, tmp_path, capsys):
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("first", "second", "third"):
        unet_file(tmp_path / f"{name}.pt")

    def purposes(name: str, *words: str) -> list[tuple[str, str]]:
        command = ["unet", str(tmp_path / f"{name}.pt"), "--folder", str(folder), "--data-name", "d", "--command", "c"]
        assert register_main([*command, *words]) == 0
        return [(r["purpose"], r["data"]) for r in weights.read_manifest(folder)["unet"].get("photos", [])]

    other = tmp_path / "other"
    shutil.copytree(rendered_dataset / "validation", other / "train")
    drawn = [("training", rendered_dataset.name), ("checkpoint", rendered_dataset.name)]
    assert purposes("first", "--data", str(rendered_dataset)) == drawn
    assert purposes("first") == drawn, "the same weights"
    assert purposes("second", "--data", str(other), "--continues") == [*drawn, ("training", "other")]
    found = held_out.uses_of(held_out.photos_of_split(rendered_dataset, "validation"), folder)
    assert [(use.purpose, use.photos) for use in found] == [("checkpoint", 4), ("training", 4)]
    assert purposes("third") == []
    assert "--data DIR says it" in capsys.readouterr().err
    command = ["unet", str(tmp_path / "first.pt"), "--folder", str(folder), "--data-name", "d", "--command", "c"]
    before = (folder / "unet.pt").read_bytes()
    assert register_main([*command, "--data", str(tmp_path)]) == 2
    assert "neither train/annos nor validation/annos" in capsys.readouterr().err
    assert (folder / "unet.pt").read_bytes() == before, "nothing half-written"


def test_figures_go_with_their_weights(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("first", "second"):
        unet_file(tmp_path / f"{name}.pt")
    register("unet", tmp_path / "first.pt", folder, "rendered", "test")
    paths = [folder / "unet.metrics.json", folder / "unet.validation.json"]
    for path in paths:
        path.write_text("{}")
    register("unet", tmp_path / "first.pt", folder, "rendered", "test")
    assert all(path.exists() for path in paths)
    register("unet", tmp_path / "second.pt", folder, "rendered", "test")
    assert not any(path.exists() for path in paths)


def test_a_continued_run_keeps_what_the_first_started_from(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    unet_file(tmp_path / "unet.pt")
    content = checkpoints.read(tmp_path / "unet.pt")

    def registered(name: str, pretrained: str, continues: bool) -> str:
        torch.save({**content, "info": {"config": {"pretrained": pretrained}}}, tmp_path / name)
        return register("unet", tmp_path / name, folder, "rendered", "test", continues)["config"]["pretrained"]

    assert registered("first.pt", "public.pt", False) == "public.pt"
    assert registered("second.pt", "", True) == "public.pt"
    assert registered("third.pt", "", False) == ""


def test_one_network_is_registered_in_two_sizes(tmp_path):
    folder = tmp_path / "weights"
    folder.mkdir()
    model = yolo.YoloTask(yolo.YoloConfig(architecture="yolov8n-seg.yaml")).build()
    torch.save({"kind": "yolo", "model": model.state_dict()}, tmp_path / "best.pt")
    assert register("yolo_s", tmp_path / "best.pt", folder, "rendered", "test")["file"] == "yolo_s.pt"
    unet_file(tmp_path / "unet.pt")
    register("unet", tmp_path / "unet.pt", folder, "rendered", "test")
    assert list(weights.read_manifest(folder)) == ["unet", "yolo_s"], "in the order of the app"
    with pytest.raises(weights.WeightsError, match="holds 'unet', not 'yolo'"):
        register("yolo_s", tmp_path / "unet.pt", folder, "rendered", "test")
