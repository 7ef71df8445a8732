"""The average of runs: means of weights, sums of what was seen, and nothing where networks do not belong together."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from ewardrobe.models import unet
from ewardrobe.models.networks.unet import UNet
from ewardrobe.models.weights import WeightsError
from train import average

WIDTHS = (4, 6, 8, 10, 12)


def run(folder, seed: int, images: int, **changes):
    """Write the files of a run: a small U-Net of random tensors, and a curve of two records."""
    torch.manual_seed(seed)
    folder.mkdir()
    model = {k: v.half() if v.is_floating_point() else v for k, v in UNet(WIDTHS).state_dict().items()}
    info = {"step": images // 8, "images": images, "config": {"seed": seed}}
    content = {"kind": "unet", "model": model, "size": 64, "widths": WIDTHS, "info": info} | changes
    torch.save(content, folder / "best.pt")
    records = [{"seconds": 5.0, "step": k, "images": 8 * k, "loss": 1.0} for k in (images // 16, images // 8)]
    (folder / "log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    return folder / "best.pt"


def weights(path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["model"]


def test_weights_are_means_and_what_was_seen_is_a_sum(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EWARDROBE_RUNTIME", "torch")
    first, second, start = (run(tmp_path / n, i, 160 * (i + 1)) for i, n in enumerate(("a", "b", "start")))
    out = tmp_path / "mean" / "best.pt"
    assert average.main([str(first), str(second), "--start", str(start), "--out", str(out)]) == 0
    assert "mean of 3 networks" in capsys.readouterr().out
    given = [weights(path) for path in (first, second, start)]
    for name, value in weights(out).items():
        parts = [tensors[name] for tensors in given]
        expected = sum(p.double() for p in parts) / 3 if value.is_floating_point() else parts[0]
        assert value.dtype == parts[0].dtype
        np.testing.assert_allclose(value.double(), expected, atol=1e-3)
    info = torch.load(out, weights_only=True)["info"]
    assert info == {"step": 60, "images": 480, "config": {"seed": 0}}, "what it started from is not counted"
    assert unet.load(out).size == 64


def test_what_a_short_run_forgot_comes_back(tmp_path):
    """The start knows 13 garments and sees another size; what the run alone has learned stays its own."""
    learned = run(tmp_path / "a", 0, 160)
    old = {
        k: v.half() if v.is_floating_point() else v for k, v in UNet(WIDTHS, labels=18, classes=13).state_dict().items()
    }
    start = run(tmp_path / "start", 1, 160, model=old, size=32)
    words = ["--start", str(start), "--start-share", "0.25", "--size", "96"]
    out = tmp_path / "mean" / "best.pt"
    assert average.main([str(learned), *words, "--out", str(out)]) == 0
    assert torch.load(out, weights_only=True)["size"] == 96
    mean, new = weights(out), weights(learned)
    for name, value in mean.items():
        rows = len(old[name]) if value.ndim else None
        if value.is_floating_point():
            expected = 0.75 * new[name][:rows].double() + 0.25 * old[name].double()
            np.testing.assert_allclose(value[:rows].double(), expected, atol=1e-3)
            np.testing.assert_allclose(value[rows:].double() if rows else 0, new[name][rows:].double() if rows else 0)
    assert len(mean["presence.weight"]) == 16 and len(old["presence.weight"]) == 13


def test_a_share_of_nothing_is_refused(tmp_path, capsys):
    path = run(tmp_path / "a", 0, 160)
    assert average.main([str(path), "--start-share", "0.5", "--out", str(tmp_path / "mean" / "best.pt")]) == 2
    assert "give --start" in capsys.readouterr().err


def test_curves_follow_one_another(tmp_path):
    runs = [run(tmp_path / "a", 0, 160), run(tmp_path / "b", 1, 320)]
    assert average.main([*map(str, runs), "--out", str(tmp_path / "mean" / "best.pt")]) == 0
    records = [json.loads(line) for line in (tmp_path / "mean" / "log.jsonl").read_text().splitlines()]
    assert [r["images"] for r in records] == [80, 160, 320, 480]
    assert [r["seconds"] for r in records] == [5, 5, 10, 10] and records[-1]["step"] == 60


@pytest.mark.parametrize("changes", [{"size": 96}, {"kind": "yolo"}, {"model": {}}])
def test_other_networks_are_refused(tmp_path, changes):
    paths = [run(tmp_path / "a", 0, 160), run(tmp_path / "b", 1, 160, **changes)]
    with pytest.raises(WeightsError, match="of another network"):
        average.average(paths)


def test_what_cannot_be_averaged_is_said(tmp_path, capsys):
    good, checkpoint = run(tmp_path / "a", 0, 160), run(tmp_path / "b", 1, 160, optimizer={})
    (tmp_path / "text.pt").write_text("no weights")
    out = ["--out", str(tmp_path / "mean" / "best.pt")]
    for path, message in (
        (checkpoint, "give a best.pt"),
        (tmp_path / "text.pt", "not readable"),
        (tmp_path / "missing.pt", "does not exist"),
    ):
        assert average.main([str(good), str(path), *out]) == 2
        assert message in capsys.readouterr().err
    assert average.main([str(good), "--out", str(good.with_name("mean.pt"))]) == 2
    assert "holds none of what is averaged" in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()
