"""Ship the graphs of the shipped weights, so that the app runs them without PyTorch.

    python -m train.graphs            # writes what is missing to ewardrobe/models/structures

A graph is the structure of a network (``ewardrobe.models.graphs``).  It changes with the code of the network, not with
its weights: after a change of the code give ``--anew``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ewardrobe.models import graphs, kind_of
from ewardrobe.models.weights import load_state, read_manifest
from train.loop.config import exit_code, make_parser


def ship(anew: bool = False) -> list[str]:
    """Write the graphs of the shipped networks that are missing, or all ``anew``; returns their names."""
    written = []
    graphs.FOLDER.mkdir(exist_ok=True)
    for name in read_manifest():
        if (kind := kind_of(name)) not in graphs.SHAPING:
            continue
        state, _ = load_state(name, kind=kind)
        path = graphs.FOLDER / f"{graphs.name_of(kind, state)}.zip"
        if anew or not path.is_file():
            from ewardrobe.models.networks import on_torch

            graphs.write(on_torch.graph(kind, state, name), path)
            written.append(path.name)
    return written


def _run(args: argparse.Namespace) -> int:
    for name in ship(args.anew):
        print(f"{name}: written", flush=True)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = make_parser(__doc__)
    parser.add_argument("--anew", action="store_true", help="write those that are there, too")
    args = parser.parse_args(argv)
    return exit_code(lambda: _run(args))


if __name__ == "__main__":
    sys.exit(main())
