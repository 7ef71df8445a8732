"""A network put together of its graph and a weights file answers as PyTorch does, and PyTorch is not asked."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from small_weights import contents, folder, logits  # noqa: F401 (a fixture)
from torch import nn

from ewardrobe.core.attributes import NAME as ATTRIBUTES
from ewardrobe.core.images import load_image
from ewardrobe.models import NETWORKS, graphs, inference, kind_of, load_segmenter, mask_rcnn, tensors, unet, weights
from ewardrobe.models.inputs import network_input
from ewardrobe.models.networks import on_torch, tracing
from ewardrobe.models.weights import WeightsError
from train import graphs as shipping

ROOT = Path(graphs.__file__).parents[2]


def state_of(name: str) -> tuple[str, dict]:
    kind = kind_of(name)
    return kind, weights.load_state(name, kind=kind)[0]


def inputs_of(kind: str, state: dict, photo: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return ``photo`` for a network of ``kind``, and what else the network takes."""
    example = on_torch.example_of(kind, state)
    picture, *others = example if isinstance(example, tuple) else (example,)
    if kind == "mask_rcnn":
        return network_input(photo, 256, *mask_rcnn.normalisation(state["backbone"]))[0], np.array(0.01, np.float32)
    if others:
        return np.random.default_rng(0).random(tuple(picture.shape), np.float32), *(one.numpy() for one in others)
    return (network_input(photo, 256, 127.5, 127.5)[0],)


@pytest.mark.parametrize("name", [*NETWORKS, ATTRIBUTES])
def test_every_shipped_network_answers_as_it_does_on_torch(name, rendered_dataset, monkeypatch):
    monkeypatch.setenv("EWARDROBE_PRECISION", "f32")
    kind, state = state_of(name)
    assert graphs.shipped(kind, state) is not None, "python -m train.graphs"
    ours = inference.network_of(kind, state, name, weights.verified_path(name)[1]["sha256"], "openvino")
    theirs = on_torch.TorchNetwork(on_torch.module_of(kind, state, name))
    inputs = inputs_of(kind, state, load_image(next(rendered_dataset.glob("train/image/*"))))
    for mine, expected in zip(ours(*inputs), theirs(*inputs), strict=True):
        assert mine.shape == expected.shape and mine.size and np.abs(expected).max() > 0
        np.testing.assert_allclose(mine, expected, rtol=1e-3, atol=1e-3)


def test_every_graph_is_of_shipped_weights():
    used = {f"{graphs.name_of(*state_of(name))}.zip" for name in (*NETWORKS, ATTRIBUTES)}
    assert {path.name for path in graphs.FOLDER.glob("*.zip")} == used


def test_a_shipped_graph_is_what_the_networks_code_says(tmp_path):
    kind, state = state_of("unet")
    made = on_torch.graph(kind, state, "unet")
    assert made.constants == graphs.shipped(kind, state).constants, "python -m train.graphs --anew"
    graphs.write(made, tmp_path / "one.zip")
    assert graphs.read(tmp_path / "one.zip") == made


class Added(nn.Module):
    """Adds a table that is no tensor of it."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.rand(1, 3, 256, 192)

    def forward(self, x):
        return x + self.table


class Doubled(nn.Module):
    """Computes its weights from others."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(2, 3, 1, 1))

    def forward(self, x):
        return nn.functional.conv2d(x, self.weight * 2)


@pytest.mark.parametrize(("module", "says"), [(Added(), "made of no tensor"), (Doubled(), "depends on the weights")])
def test_constants_that_nobody_knows_how_to_make_are_refused(module, says):
    with pytest.raises(ValueError, match=says):
        tracing.graph_of(module)


@pytest.mark.parametrize(("groups", "bias"), [(1, False), (4, False)])
def test_batch_normalisation_is_folded_in(groups, bias):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(4, 8, 3, groups=groups, bias=bias), nn.BatchNorm2d(8, eps=1e-3)).eval()
    example = torch.rand(1, 4, 9, 9)
    graph = tracing.graph_of(module, example)
    assert {"weight", "bn"} <= {key for constant in graph.constants for key in constant}
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape) + 0.5)
    numbers = graph.numbers({name: tensor.numpy() for name, tensor in module.state_dict().items()})
    network = inference.OpenVINONetwork(inference.core().read_model(graph.xml, numbers))
    with torch.no_grad():
        np.testing.assert_allclose(network(example.numpy())[0], module(example).numpy(), rtol=1e-4)


def test_no_garment_in_sight_is_an_answer():
    found = mask_rcnn.load().predict(np.full((64, 48, 3), 127, np.uint8), 0.99)
    assert len(found) == 0 and found.image_size == (64, 48)


ASK = """
import sys
import numpy as np
from ewardrobe.core.process import configure
configure()
for name in ("torch", "torchvision", "ultralytics"):
    sys.modules[name] = None
from ewardrobe.models import load_segmenter
from ewardrobe.models.attributes import load_classifier
image = np.full((64, 48, 3), 90, np.uint8)
for name in sys.argv[1:]:
    print(name, len(load_segmenter(name).predict(image, 0.0)) >= 0)
print(sorted(load_classifier().predict(image, np.ones((64, 48), bool), 1)))
"""


def test_the_app_runs_every_model_where_pytorch_is_not_installed(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", ASK, *NETWORKS, "consensus"], check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True
    ).stdout
    assert told.count("True") == len(NETWORKS) + 1 and "material" in told


def test_weights_that_need_pytorch_say_so_where_it_is_missing(folder, monkeypatch):
    monkeypatch.setattr(graphs, "FOLDER", folder / "none")
    for name in [name for name in sys.modules if name.startswith("ewardrobe.models.networks.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("ewardrobe.models.networks.on_torch", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(WeightsError, match=r"need torch, which is not installed: pip install -r requirements\.txt"):
        unet.load()


@pytest.mark.parametrize("error", [ValueError("made of no tensor"), RuntimeError("not traced"), NotImplementedError()])
def test_own_networks_that_openvino_cannot_run_run_on_pytorch(folder, monkeypatch, caplog, error):
    def fail(*args):
        raise error

    expected = logits()
    monkeypatch.setattr(graphs, "FOLDER", folder / "none")
    monkeypatch.setattr(tracing, "graph_of", fail)
    own = load_segmenter("unet", folder / "unet.pt")
    assert own.runtime == "torch" and f"{type(error).__name__}" in caplog.text and "PyTorch runs it" in caplog.text
    found = own.network(np.zeros((1, 3, 64, 64), np.float32))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    with pytest.raises(WeightsError, match="OpenVINO cannot run the network of 'unet'"):
        shipping.ship()


def test_weights_of_another_network_are_refused(folder, monkeypatch):
    graph = graphs.shipped(*state_of("unet"))
    monkeypatch.setattr(graphs, "shipped", lambda *args: graph)
    with pytest.raises(WeightsError, match=r"do not fit the network 'unet' \('encoder"):
        inference.network_of("unet", {"model": {}}, "unet", "key", "openvino")


def test_shipping_writes_what_is_missing(folder, monkeypatch):
    (unet_graph,) = graphs.FOLDER.iterdir()
    other = graphs.FOLDER / f"{graphs.name_of(*state_of('mask_rcnn'))}.zip"
    other.write_bytes(b"there")
    assert shipping.ship() == []
    unet_graph.unlink()
    assert shipping.ship() == [unet_graph.name]
    assert graphs.read(unet_graph).constants and other.read_bytes() == b"there"
    monkeypatch.setattr(inference, "_on_torch", lambda: pytest.fail("PyTorch was asked"))
    assert load_segmenter("unet").runtime == "openvino"


@pytest.mark.parametrize("name", [*NETWORKS, ATTRIBUTES])
def test_weights_are_read_as_torch_reads_them(name):
    path, _ = weights.verified_path(name)
    ours, theirs = tensors.read(path), torch.load(path, weights_only=True)
    assert ours.keys() == theirs.keys() and list(ours["model"]) == list(theirs["model"])
    for key, tensor in theirs["model"].items():
        np.testing.assert_array_equal(ours["model"][key], tensor.numpy())
        assert not ours["model"][key].flags.writeable


def test_views_of_one_storage_are_read_too(tmp_path):
    whole = torch.arange(24.0).reshape(4, 6)
    content = {"t": whole.t(), "part": whole[1:3, ::2], "empty": torch.zeros(0, 3), "one": torch.tensor(2), "n": 1}
    torch.save(content, tmp_path / "x.pt")
    read = tensors.read(tmp_path / "x.pt")
    for name in ("t", "part", "empty", "one"):
        np.testing.assert_array_equal(read[name], content[name].numpy())
        assert read[name].dtype == content[name].numpy().dtype
    assert read["n"] == 1


def rezipped(path: Path, change) -> Path:
    """Write the members of ``path`` anew, as ``change`` makes them of their names and bytes."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            archive.writestr(name, change(name, content))
    return path


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda name, content: b"big" if name.endswith("byteorder") else content, "big-endian"),
        (lambda name, content: b"(" * 9 if name.endswith(".pkl") else content, "."),
        (lambda name, content: b"\x80\x02K\x00Q." if name.endswith(".pkl") else content, "structure is damaged"),
        (lambda name, content: b"\x80\x09." if name.endswith(".pkl") else content, "protocol"),
    ],
)
def test_what_torch_did_not_write_here_is_told(tmp_path, change, says):
    torch.save({"w": torch.arange(9.0)}, tmp_path / "x.pt")
    assert tensors.read(rezipped(tmp_path / "x.pt", lambda name, content: content))["w"].tolist() == list(range(9))
    with pytest.raises(ValueError, match=says):
        tensors.read(rezipped(tmp_path / "x.pt", change))


def test_a_tensor_of_more_numbers_than_the_file_holds_is_refused(tmp_path):
    torch.save({"w": torch.zeros(1).expand(10**6, 10**6)}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match="more numbers than its file"):
        tensors.read(tmp_path / "x.pt")


@pytest.mark.parametrize("size", [0, -5, 10**9, float("inf"), "abc", None])
def test_a_size_that_no_network_sees_is_refused(folder, tmp_path, size):
    for name, content in contents().items():
        torch.save(content | {"size": size}, tmp_path / "own.pt")
        with pytest.raises(WeightsError, match="do not say which network"):
            load_segmenter(name, tmp_path / "own.pt")


def damaged(tmp_path, change) -> Path:
    torch.save({"w": torch.arange(1000.0)}, tmp_path / "x.pt")
    (tmp_path / "x.pt").write_bytes(change((tmp_path / "x.pt").read_bytes()))
    return tmp_path / "x.pt"


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: b"",
        lambda raw: b"no zip at all",
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw.replace(b"FloatStorage", b"DoubleStorag"),
        lambda raw: raw.replace(b"FloatStorage", b"EvilsStorage"),
        lambda raw: raw.replace(b"_rebuild_tensor_v2", b"_rebuild_tensor_v9"),
        lambda raw: raw.replace(b"M\xe8\x03", b"M\xe8\x7f"),
    ],
)
def test_damaged_weights_are_told(tmp_path, change):
    with pytest.raises(ValueError, match=r"."):
        tensors.read(damaged(tmp_path, change))
