"""Networks in other forms: each runs in the model's place, what is missing is told, int8 is never run when stale."""

from __future__ import annotations

import functools
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from small_weights import WIDTHS, described, folder, logits  # noqa: F401 (a fixture)

from ewardrobe.__main__ import main
from ewardrobe.core.taxonomy import LABEL_COUNT
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.evaluation.benchmarks import exports as exports_benchmark
from ewardrobe.evaluation.figures import exports as figures_exports
from ewardrobe.evaluation.metrics import read_rows
from ewardrobe.models import inference, mask_rcnn, unet, weights
from ewardrobe.models.inputs import network_input
from ewardrobe.models.networks import exports, tracing
from ewardrobe.models.networks import mask_rcnn as mask_rcnn_model
from ewardrobe.models.networks import unet as unet_model
from ewardrobe.models.weights import WeightsError


def add_int8(folder, source_sha256: str | None = None) -> None:
    """Ship a model of OpenVINO as the U-Net's int8 form; it gives channels of sevens, so that one sees it run."""
    openvino = pytest.importorskip("openvino")
    openvino.save_model(tracing.convert(Sevens()), folder / "unet.int8.xml")
    content = json.loads((folder / "manifest.json").read_text())
    files = {name: described(folder / name) for name in ("unet.int8.xml", "unet.int8.bin")}
    entry = content["models"]["unet"]
    entry["int8"] = {"source_sha256": source_sha256 or entry["sha256"], "files": files}
    (folder / "manifest.json").write_text(json.dumps(content))


class Sevens(torch.nn.Module):
    """Gives its value wherever it looks, in the shape of the U-Net's logits."""

    value = 7.0

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Conv2d(3, LABEL_COUNT, 2, 2)
        torch.nn.init.zeros_(self.layer.weight)
        torch.nn.init.constant_(self.layer.bias, self.value)

    def forward(self, x):
        return self.layer(x)


def test_int8_runs_where_the_processor_has_instructions_for_it(folder, monkeypatch):
    add_int8(folder)
    monkeypatch.setattr(inference, "processor_flags", lambda: frozenset({"avx2"}))
    assert unet.load().network.precision == "f32" and not np.allclose(logits(), 7)
    monkeypatch.setattr(inference, "processor_flags", lambda: frozenset({"avx2", "avx512_vnni"}))
    assert unet.load().network.precision == "int8" and np.allclose(logits(), 7, atol=0.01)


def test_the_precision_is_chosen_by_the_environment(folder, monkeypatch):
    add_int8(folder)
    for chosen, flags in (("f32", frozenset({"avx512_vnni"})), ("int8", frozenset())):
        monkeypatch.setenv("EWARDROBE_PRECISION", chosen)
        monkeypatch.setattr(inference, "processor_flags", lambda flags=flags: flags)
        assert unet.load().network.precision == chosen
    monkeypatch.setenv("EWARDROBE_PRECISION", "int4")
    with pytest.raises(ValueError, match="EWARDROBE_PRECISION='int4'.*f32, bf16, int8"):
        unet.load()


def test_bfloat16_is_for_processors_with_amx(folder, monkeypatch):
    monkeypatch.setattr(inference, "processor_flags", lambda: frozenset({"avx512_vnni", "amx_bf16"}))
    assert unet.load().network.precision == "bf16"  # no 8-bit form is shipped
    monkeypatch.setenv("EWARDROBE_PRECISION", "f32")
    assert unet.load().network.precision == "f32"
    add_int8(folder)
    monkeypatch.setenv("EWARDROBE_PRECISION", "bf16")
    assert unet.load().network.precision == "bf16"


def test_int8_of_other_weights_is_ignored(folder, monkeypatch):
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    add_int8(folder, source_sha256="f" * 64)
    assert unet.load().network.precision == "f32"


def test_another_int8_of_the_same_weights_is_not_mixed_with_the_compiled_one(folder, monkeypatch):
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    real = inference._imported  # a Mask R-CNN is kept with its weights, as here
    monkeypatch.setattr(inference, "_imported", lambda file, how: None if "WEIGHTS_PATH" in how else real(file, how))
    for value in (7, 8):
        monkeypatch.setattr(Sevens, "value", value)
        add_int8(folder)
        assert np.allclose(logits(), value, atol=0.01)


def test_weights_of_ones_own_never_run_the_shipped_int8(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    add_int8(folder)
    torch.manual_seed(1)
    content = {"kind": "unet", "model": unet_model.UNet(WIDTHS).state_dict(), "size": 64, "widths": WIDTHS}
    torch.save(content, tmp_path / "own.pt")
    assert unet.load(tmp_path / "own.pt").network.precision == "f32"


@pytest.mark.parametrize("name", ["unet.int8.xml", "unet.int8.bin"])
def test_altered_or_missing_int8_is_refused_with_the_cure(folder, monkeypatch, name):
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    add_int8(folder)
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(WeightsError, match=r"not the file that was written.*EWARDROBE_PRECISION=f32"):
        unet.load()
    (folder / name).unlink()
    with pytest.raises(WeightsError, match="is missing"):
        unet.load()
    monkeypatch.setenv("EWARDROBE_PRECISION", "f32")
    assert unet.load().network.precision == "f32"


def test_torch_has_no_int8(folder, monkeypatch):
    monkeypatch.setenv("EWARDROBE_PRECISION", "int8")
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    add_int8(folder)
    assert (unet.load().network.runtime, unet.load().network.precision) == ("torch", "f32")


@pytest.mark.parametrize(("model", "in_parts"), [("unet", False), ("mask_rcnn", False), ("mask_rcnn", True)])
def test_on_openvino_the_parts_answer_as_the_model_does(folder, tmp_path, monkeypatch, model, in_parts):
    monkeypatch.setattr(exports, "IN_PARTS", ("openvino",) * in_parts)
    source = exports.read_source(model)
    networks, size = exports.build("openvino", source, tmp_path)
    assert set(networks) == ({"body", "boxes", "masks"} if in_parts else {"network"})
    assert size == sum(p.stat().st_size for p in tmp_path.glob(f"{model}.*.openvino.*"))
    other = exports.with_networks(source.segmenter, networks)
    image = np.random.default_rng(0).integers(0, 256, (60, 44, 3), dtype=np.uint8)
    for found, expected in zip(arrays(other, image), arrays(source.segmenter, image), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def arrays(segmenter, image) -> list[np.ndarray]:
    """What a model computes before it decides: probabilities, or boxes, labels, scores and masks of its regions."""
    if segmenter.name == "unet":
        return [segmenter.parse(image)]
    batch, _ = network_input(image, segmenter.size, *mask_rcnn.normalisation(segmenter.backbone))
    return list(segmenter._run(batch, 0.01))


def test_no_region_is_a_call_too(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "IN_PARTS", ("openvino",))
    source = exports.read_source("mask_rcnn")
    segmenter = exports.with_networks(source.segmenter, exports.build("openvino", source, tmp_path)[0])
    heads = segmenter.network.module.model.roi_heads
    channels = mask_rcnn_model.PYRAMID_CHANNELS
    assert heads.mask_predictor(torch.zeros(0, channels, 14, 14)).shape == (0, mask_rcnn_model.CLASS_COUNT, 28, 28)
    assert [len(o) for o in heads.box_predictor(torch.zeros(0, channels, 7, 7))] == [0, 0]


@pytest.mark.parametrize("model", ["unet", "mask_rcnn"])
def test_a_source_runs_on_torch_whatever_the_environment_says(folder, monkeypatch, model):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "openvino")
    assert exports.read_source(model).segmenter.runtime == "torch"


def rows_of(folder, dataset, *variants, **options) -> dict[str, dict]:
    rows = exports_benchmark.measure("unet", DeepFashion2(dataset, "validation"), variants, timed=2, **options)
    return {row["variant"]: row for row in rows}


def test_every_form_is_a_row_or_a_reason(folder, rendered_dataset, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setitem(sys.modules, "onnx", SimpleNamespace())
    rows = rows_of(folder, rendered_dataset, *inference.VARIANTS)
    assert list(rows) == list(inference.VARIANTS)
    assert "onnxruntime is not installed: pip install -r requirements-onnx.txt" in rows["onnx"]["reason"]
    assert "python -m train.quantize unet" in rows["openvino-int8"]["reason"]
    plain, half = rows["openvino"], rows["openvino-fp16"]
    assert half["size_mb"] < 0.75 * plain["size_mb"]
    assert plain["output_difference"] == 0 < half["output_difference"] < 0.05
    assert rows["torch"]["output_difference"] < 1e-4
    assert 0 < plain["network_ms_median"] < plain["predict_ms_median"] <= plain["predict_ms_p95"]
    assert plain["photos"] == 4
    assert all(row["weights_sha256"] == weights.read_manifest()["unet"]["sha256"] for row in rows.values())


def test_forms_of_a_mask_rcnn_that_keep_other_regions_are_rows_too(folder, rendered_dataset, monkeypatch):
    """Whole or in parts, with more regions or fewer: what cannot be compared has no difference."""
    monkeypatch.setattr(exports, "IN_PARTS", ("openvino-fp16",))
    data = DeepFashion2(rendered_dataset, "validation")
    rows = exports_benchmark.measure("mask_rcnn", data, ("openvino", "openvino-fp16", "torch"), timed=2)
    assert [row["output_difference"] for row in rows][:2] == [0, None] and rows[2]["output_difference"] < 1e-3
    assert all(row["photos"] == 4 and row["network_ms_median"] > 0 for row in rows)
    told = figures_exports.text({"rows": rows, "meta": {"photos": 4, "data": "drawn", "threads": 1}})
    assert "–" in told and "nan" not in told.lower()


@pytest.mark.parametrize(("count", "difference"), [(0, 0.0), (2, None)])
def test_no_region_differs_from_no_region_in_nothing(count, difference):
    assert exports_benchmark.largest_difference([np.zeros((0, 4))], [np.zeros((count, 4))]) == difference


def test_a_processor_without_bfloat16_is_told(folder, monkeypatch):
    core = SimpleNamespace(get_property=lambda device, name: ["FP32"])
    monkeypatch.setattr(exports, "core", lambda: core)
    with pytest.raises(exports.Unavailable, match="bfloat16"):
        exports.build("openvino-bf16", exports.read_source("unet"), folder)


def test_what_is_shipped_is_measured_and_what_is_stale_is_told(folder, rendered_dataset, tmp_path):
    add_int8(folder)
    rows = rows_of(folder, rendered_dataset, "openvino", "openvino-int8")
    assert rows["openvino-int8"]["output_difference"] > 0.5  # the sevens
    entry = {"source_sha256": "f" * 64, "files": {}}
    (tmp_path / "unet.int8.json").write_text(json.dumps(entry))
    told = rows_of(folder, rendered_dataset, "openvino-int8", int8=tmp_path)
    assert "made of other weights" in told["openvino-int8"]["reason"]


def test_onnx_answers_as_torch_does(folder, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    source = exports.read_source("mask_rcnn")
    networks, size = exports.build("onnx", source, tmp_path)
    assert size == sum(p.stat().st_size for p in tmp_path.glob("*.onnx"))
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    other = exports.with_networks(source.segmenter, networks)
    for found, expected in zip(arrays(other, image), arrays(source.segmenter, image), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_loss_is_against_openvino_f32():
    values = [("openvino", 0.5), ("onnx", 0.48), ("torch", None)]
    losses = [exports_benchmark._with_loss({"variant": v, "mask_ap_min10": ap}, 0.5)["ap_loss"] for v, ap in values]
    assert losses == [0, pytest.approx(0.02), None]


def test_the_command_writes_the_table(folder, rendered_dataset, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["benchmark", "exports", "--data", str(rendered_dataset), "--model", "unet", "--limit", "2"]
    assert main([*words, "--json", str(tmp_path / "e.json")]) == 0
    result = json.loads((tmp_path / "e.json").read_text())
    assert [row["variant"] for row in result["rows"]] == list(inference.VARIANTS)
    assert str(tmp_path) not in json.dumps(result)
    printed = capsys.readouterr().out
    assert "OpenVINO, f16 weights" in printed and "2 photos of" in printed and "nan" not in printed.lower()
    entries = weights.read_manifest()
    assert read_rows(tmp_path / "e.json", "rows", entries, figures_exports.table)[1] is None
    entries["unet"]["sha256"] = "f" * 64
    assert "U-Net changed since" in read_rows(tmp_path / "e.json", "rows", entries, figures_exports.table)[1]


@pytest.mark.parametrize(("words", "says"), [(["--model", "sam"], "choose from"), (["--limit", "0"], "from 1")])
def test_wrong_arguments_are_told(folder, rendered_dataset, capsys, words, says):
    with pytest.raises(SystemExit, match="2"):
        main(["benchmark", "exports", "--data", str(rendered_dataset), *words])
    assert says in capsys.readouterr().err


def test_networks_share_one_core(monkeypatch):
    import openvino

    made, kept = [], inference.core()
    monkeypatch.setattr(openvino, "Core", lambda: made.append(1) or kept)
    monkeypatch.setattr(inference, "core", functools.cache(inference.core.__wrapped__))
    model = tracing.convert(unet_model.LogitsOnly(unet_model.UNet(WIDTHS)).eval())
    for _ in range(2):
        inference.OpenVINONetwork(model)
    assert made == [1], "a core that is dropped with its network makes a later fork crash"
