"""Ship a trained checkpoint: copy it to ``weights/`` and enter it in the manifest that the app verifies.

    python -m train.register unet runs/unet/best.pt --data-name wardrobe13 --command "python -m train.unet --data …"

The curve of the run (its ``log.jsonl``) is kept beside the weights as ``NAME.log.jsonl``.  ``--continues``: the run
went on from the shipped weights (``--init weights/unet.pt``); steps, images and curve are counted on from theirs.
``--data DIR`` notes which photos the run learned from and was chosen by, so that nobody calls them a test.
Score thresholds in the manifest and figures are dropped with the weights that they belong to: ``python -m
train.thresholds`` chooses new ones, ``python -m ewardrobe evaluate`` measures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.datasets.deepfashion2 import DatasetError
from ewardrobe.evaluation import held_out
from ewardrobe.evaluation.metrics import metrics_path
from ewardrobe.models import MODELS, graphs, kind_of
from ewardrobe.models.weights import MANIFEST, WeightsError, load_state, sha256_of, weights_dir
from train.cards import manifest
from train.loop.config import exit_code, make_parser
from train.loop.engine import counted_on, read_log


def register(
    name: str,
    source: Path,
    folder: Path,
    data_name: str,
    command: str,
    continues: bool = False,
    data: Sequence[Path] = (),
) -> dict[str, Any]:
    """Copy the weights file ``source`` of model ``name`` to ``folder`` and return its new manifest entry.

    continues: the run started from the weights that ``folder`` holds.  data: folders that it learned from, whose photos
    no evaluation may call a test.  Raises ``WeightsError`` if ``source`` is not a
    weights file of that model, or continues what is not there.
    """
    earlier = manifest.entries(folder).get(name, {})
    if continues and not earlier:
        raise WeightsError(f"--continues: {folder / MANIFEST} has no {name} yet; leave the flag out")
    state, _ = load_state(name, source, kind=kind_of(name))
    previous, info = (earlier if continues else {}), state.get("info", {})
    same = earlier.get("sha256") == sha256_of(source)
    used = _photos(data, folder, earlier if continues or same else {})  # first, since it may fail
    target = folder / f"{name}.pt"
    atomic.write_bytes(target, source.read_bytes())
    counts = {"steps": info.get("step"), "images": info.get("images")}
    counts = {k: v if v is None else v + (previous.get(k) or 0) for k, v in counts.items()}
    entry = manifest.new_entry(target, data_name, command, **counts, config=_config(info, previous))
    if "task" in state:  # segmentation where a file names none
        entry["task"] = state["task"]
    if used:
        entry[held_out.PHOTOS] = used
    chosen = earlier.get("thresholds") or {}
    if chosen.get("weights_sha256") == entry["sha256"]:
        entry["thresholds"] = chosen
    manifest.enter(name, entry, folder)
    if not same:  # figures of weights that are gone
        for role in (held_out.TEST, held_out.VALIDATION):
            metrics_path(folder, name, role).unlink(missing_ok=True)
    _keep_log(source.parent / "log.jsonl", folder / f"{name}.log.jsonl", previous)
    return entry


def _photos(data: Sequence[Path], folder: Path, earlier: dict[str, Any]) -> list[dict[str, Any]]:
    """Return by which photos the weights came about, those of what they continue first."""
    used = list(earlier.get(held_out.PHOTOS, []))
    for root in data:
        for split, purpose in (("train", held_out.TRAINING), ("validation", "checkpoint")):
            if (root / split / "annos").is_dir():
                used.append(manifest.photos(purpose, root, split, folder))
    if data and not used:
        raise DatasetError(f"--data {data[0]}: neither train/annos nor validation/annos is there; give the data set")
    return [record for place, record in enumerate(used) if record not in used[:place]]


def _config(info: dict[str, Any], previous: dict[str, Any]) -> dict[str, Any]:
    """Return the flags of a run; what the first of several runs started from holds for those that continue it."""
    config = {k: v for k, v in info.get("config", {}).items() if k not in ("data", "extra", "init", "cache")}
    if "pretrained" in config and (public := previous.get("config", {}).get("pretrained")):
        config["pretrained"] = public
    return config


def _keep_log(log: Path, target: Path, previous: dict[str, Any]) -> None:
    """Put the run's curve beside the weights; a continued one follows on the curve that is there."""
    if not log.is_file():
        return
    earlier = target.read_bytes() if previous and target.is_file() else b""
    shift = {"step": previous.get("steps") or 0, "images": previous.get("images") or 0}
    records, damaged = read_log(log)
    if damaged:
        print(f"{log}: {len(damaged)} lines cannot be read; the curve goes without them", file=sys.stderr)
    lines = "".join(json.dumps(record) + "\n" for record in counted_on(records, shift))
    atomic.write_bytes(target, earlier + lines.encode())


def _has_graph(name: str, weights: Path) -> bool:
    kind = kind_of(name)
    return kind not in graphs.SHAPING or graphs.shipped(kind, load_state(name, weights, kind)[0]) is not None


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("model", help="unet, yolo, …")
    parser.add_argument("weights", type=Path, help="a best.pt that a training script wrote")
    parser.add_argument("--folder", type=Path, default=weights_dir(), help="default: weights/")
    parser.add_argument("--data-name", required=True, help="name of the data set, for the manifest")
    parser.add_argument(
        "--data",
        type=Path,
        nargs="+",
        default=[],
        metavar="DIR",
        help="data sets that it learned from: their photos are no test from then on",
    )
    parser.add_argument("--command", required=True, help="the training command, for the manifest")
    parser.add_argument("--continues", action="store_true", help="the run started from the shipped weights")
    args = parser.parse_args(argv)

    def work() -> None:
        told = (args.data_name, args.command, args.continues, args.data)
        entry = register(args.model, args.weights, args.folder, *told)
        print(f"{args.model}: {entry['bytes']:,} bytes, sha256 {entry['sha256'][:12]}…, {entry['images']} images seen")
        if args.model in MODELS and "thresholds" not in entry:
            words = f"python -m train.thresholds {args.model} --data DATA --split validation"
            print(f"choose its score thresholds: {words}")
        if not _has_graph(args.model, args.weights):
            print("it runs with PyTorch alone until its graph is shipped: python -m train.graphs")
        if held_out.PHOTOS not in entry:
            print("nobody can tell by which photos it was trained and chosen: --data DIR says it", file=sys.stderr)

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
