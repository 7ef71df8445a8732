"""Average the weights of runs that went on from the same weights: one network, often better than each of them.

    python -m train.average runs/a/best.pt runs/b/best.pt --start weights/yolo.pt --out runs/yolo_average/best.pt

Runs with other seeds or settings end with a similar loss and make other errors; their mean makes fewer, and costs
nothing more when it is used (Wortsman et al., "Model soups", ICML 2022).  This holds only for runs that started from
the same weights, so validate the average before it is shipped.

``--start``: the weights that the runs started from belong to the average too, as one network or with ``--start-share``
(Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022): what a short run forgot comes back.  They may
know fewer classes, whose rows alone are averaged then, and another size.  They are not counted in steps and images,
which ``train.register --continues`` adds.  Beside the file lie the runs' curves, one after the other.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ewardrobe.core.arguments import fraction, positive
from ewardrobe.models.weights import WeightsError
from train.loop import checkpoints
from train.loop.config import FlagError, exit_code, make_parser
from train.loop.engine import counted_on, read_log

PER_RUN = ("model", "info")
"""What may differ between the files; the rest says which network they are of."""
SHIFTED = ("seconds", "step", "images")


def average(runs: Sequence[Path], start: Path | None = None, start_share: float | None = None) -> dict[str, Any]:
    """Return the content of a ``best.pt`` with the mean of the weights in ``runs`` and, if given, in ``start``.

    start_share: of ``start`` in the mean, 0..1, by default that of one network.  Steps and images are those of ``runs``
    together, flags and size those of the first.  Raises ``WeightsError`` for a file of another network or a
    ``last.pt``, ``TrainingError`` for one that cannot be read.
    """
    paths = [*runs, *([start] if start else [])]
    contents = [checkpoints.read(path) for path in paths]
    first = contents[0]
    if start:
        longer = checkpoints.extended(first["model"], contents[-1]["model"])
        contents[-1] = contents[-1] | {"model": longer} | {k: first[k] for k in ("size",) if k in first}
    for path, content in zip(paths, contents, strict=True):
        if "optimizer" in content:
            raise WeightsError(f"{path} is there to go on from: give a best.pt")
        if _identity(content) != _identity(first):
            raise WeightsError(f"{path} is of another network than {paths[0]}: average runs of one network")
    shares = _shares(len(runs), start_share if start else 0.0)
    model = {name: _mean([content["model"][name] for content in contents], shares) for name in first["model"]}
    infos = [content.get("info", {}) for content in contents[: len(runs)]]
    counted = {name: sum(info.get(name) or 0 for info in infos) for name in ("step", "images")}
    return first | {"model": model, "info": {**counted, "config": infos[0].get("config", {})}}


def _identity(content: dict[str, Any]) -> tuple:
    shapes = {name: value.shape for name, value in content["model"].items()}
    return shapes, {name: value for name, value in content.items() if name not in PER_RUN}


def _shares(runs: int, start_share: float | None) -> list[float]:
    """Return the share of each of ``runs`` networks in the mean, and last that of what they started from.

    >>> _shares(2, 0.5), _shares(1, None), _shares(2, 0)
    ([0.25, 0.25, 0.5], [0.5, 0.5], [0.5, 0.5, 0])
    """
    last = 1 / (runs + 1) if start_share is None else start_share
    return [*[(1 - last) / runs] * runs, last]


def _mean(tensors: list[Tensor], shares: Sequence[float]) -> Tensor:
    """Return the mean, computed in float32; of counters, which are no numbers to average, the first."""
    if not tensors[0].is_floating_point():
        return tensors[0]
    parts = [share * tensor.float() for tensor, share in zip(tensors, shares, strict=False)]  # there may be no start
    return torch.stack(parts).sum(dim=0).to(tensors[0].dtype)


def joined_log(runs: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the records of the ``log.jsonl`` beside each of ``runs``, counted on from one to the next."""
    joined: list[dict[str, Any]] = []
    shift = dict.fromkeys(SHIFTED, 0)
    for log in (run.with_name("log.jsonl") for run in runs):
        records, _ = read_log(log)
        joined += counted_on(records, shift)
        for name in SHIFTED:
            shift[name] += max((r[name] for r in records if name in r), default=0)
    return joined


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("runs", type=Path, nargs="+", help="the best.pt of each run")
    parser.add_argument("--start", type=Path, help="what the runs started from, to be averaged with them")
    parser.add_argument("--start-share", type=fraction, help="its share in the average, 0..1 (that of one network)")
    parser.add_argument("--size", type=positive, help="pixels on the long side of what the network is to see")
    parser.add_argument("--out", type=Path, required=True, help="the file to write, in a folder of its own")
    args = parser.parse_args(argv)
    networks = [*args.runs, *([args.start] if args.start else [])]

    def work() -> None:
        if args.out.resolve().parent in {path.resolve().parent for path in networks}:
            raise FlagError(f"--out {args.out}: give a folder that holds none of what is averaged")
        if args.start_share is not None and not args.start:
            raise FlagError("--start-share: give --start, the weights that the runs started from")
        content, log = average(args.runs, args.start, args.start_share), joined_log(args.runs)
        content |= {"size": args.size} if args.size else {}
        checkpoints.write(args.out, content)
        args.out.with_name("log.jsonl").write_text("".join(json.dumps(r) + "\n" for r in log), encoding="utf-8")
        print(f"{args.out}: the mean of {len(networks)} networks; validate it before it is shipped")

    return exit_code(work)


if __name__ == "__main__":
    sys.exit(main())
