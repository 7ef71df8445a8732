"""Ship a trained checkpoint: copy it to ``weights/`` and enter it in the manifest that the app verifies.

    python -m train.register unet runs/unet/best.pt --data-name wardrobe13 --command "python -m train.unet --data …"

The curve of the run (its ``log.jsonl``) is kept beside the weights as ``NAME.log.jsonl``.  ``--continues``: the run
went on from the shipped weights (``--init weights/unet.pt``); steps, images and curve are counted on from theirs.
Score thresholds in the manifest are dropped with the weights that they were chosen for: ``python -m train.thresholds``
chooses new ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ewardrobe.core import atomic
from ewardrobe.evaluation import provenance
from ewardrobe.models import MODELS, kind_of
from ewardrobe.models import weights as weight_files
from train.cards import manifest
from train.loop.engine import read_log


def register(
    name: str, source: Path, folder: Path, data_name: str, command: str, continues: bool = False
) -> dict[str, Any]:
    """Copy the weights file ``source`` of model ``name`` to ``folder`` and return its new manifest entry.

    continues: the run started from the weights that ``folder`` holds.  Raises ``WeightsError`` if ``source`` is not a
    weights file of that model, or continues what is not there.
    """
    previous = manifest.entries(folder).get(name, {})
    if continues and not previous:
        raise weight_files.WeightsError(
            f"--continues: {folder / weight_files.MANIFEST} has no {name} yet; leave the flag out"
        )
    state, _ = weight_files.load_state(name, source, kind=kind_of(name))
    target = folder / f"{name}.pt"
    atomic.write_bytes(target, source.read_bytes())
    info = state.get("info", {})
    entry = {
        "file": target.name,
        "sha256": weight_files.sha256_of(target),
        "bytes": target.stat().st_size,
        "licence": manifest.LICENCE,
        "data": data_name,
        "command": command,
        "commit": provenance.commit() or "unknown",
        "date": datetime.now(UTC).date().isoformat(),
        **_counted(info, previous if continues else {}),
        "config": _config(info, previous if continues else {}),
    }
    entry |= {"task": state["task"]} if "task" in state else {}  # segmentation where a file names none
    entry |= _still_chosen(previous, entry["sha256"])
    manifest.enter(name, entry, folder)
    _keep_log(source.parent / "log.jsonl", folder / f"{name}.log.jsonl", previous if continues else {})
    return entry


def _still_chosen(previous: dict, sha256: str) -> dict:
    """Return the thresholds of ``previous`` if they were chosen for these very weights, else nothing."""
    chosen = previous.get("thresholds") or {}
    return {"thresholds": chosen} if chosen.get("weights_sha256") == sha256 else {}


def _config(info: dict, previous: dict) -> dict:
    """Return the flags of a run; what the first of several runs started from holds for those that continue it."""
    config = {k: v for k, v in info.get("config", {}).items() if k not in ("data", "extra", "init", "cache")}
    if "pretrained" in config and (public := previous.get("config", {}).get("pretrained")):
        config["pretrained"] = public
    return config


def _counted(info: dict, previous: dict) -> dict[str, int | None]:
    """Return the steps and images of a run, with those of the run that it continues."""
    counts = {"steps": info.get("step"), "images": info.get("images")}
    return {k: v if v is None else v + (previous.get(k) or 0) for k, v in counts.items()}


def _keep_log(log: Path, target: Path, previous: dict) -> None:
    """Put the run's curve beside the weights; a continued one follows on the curve that is there."""
    if not log.is_file():
        return
    earlier = target.read_bytes() if previous and target.is_file() else b""
    shift = {"step": previous.get("steps") or 0, "images": previous.get("images") or 0} if previous else {}
    records, damaged = read_log(log)
    if damaged:
        print(f"{log}: {len(damaged)} lines cannot be read; the curve goes without them", file=sys.stderr)
    lines = [json.dumps(r | {k: r[k] + by for k, by in shift.items() if k in r}) for r in records]
    atomic.write_bytes(target, earlier + "".join(line + "\n" for line in lines).encode())


def main(argv=None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="unet, yolo, …")
    parser.add_argument("weights", type=Path, help="a best.pt that a training script wrote")
    parser.add_argument("--folder", type=Path, default=weight_files.weights_dir(), help="default: weights/")
    parser.add_argument("--data-name", required=True, help="name of the data set, for the manifest")
    parser.add_argument("--command", required=True, help="the training command, for the manifest")
    parser.add_argument("--continues", action="store_true", help="the run started from the shipped weights")
    args = parser.parse_args(argv)
    try:
        entry = register(args.model, args.weights, args.folder, args.data_name, args.command, args.continues)
    except (weight_files.WeightsError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{args.model}: {entry['bytes']:,} bytes, sha256 {entry['sha256'][:12]}…, {entry['images']} images seen")
    if args.model in MODELS and "thresholds" not in entry:
        print(f"choose its score thresholds: python -m train.thresholds {args.model} --data DATA --split validation")
    return 0


if __name__ == "__main__":
    sys.exit(main())
