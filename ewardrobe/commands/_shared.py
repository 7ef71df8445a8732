"""What several commands share: their error, kinds of arguments, the wardrobe that they open, a bar of progress."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore


class CommandError(Exception):
    """The command cannot do what it was asked for; the message says why, and the exit code is 2."""


def new_file(text: str) -> Path:
    """Return ``text`` as a file to write, for argparse: one that cannot be written would fail once the work is done."""
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is a folder: give a file")
    nearest = next(parent for parent in path.absolute().parents if parent.is_dir())  # missing folders will be made
    if not os.access(nearest, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written: give another place or allow writing there")
    return path


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add ``--data DIR --split NAME``, a data set."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="a data set in DeepFashion2's layout")
    parser.add_argument("--split", default="validation", help="subfolder of the data (default: %(default)s)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json FILE``, where figures are written."""
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write the figures here")


def add_claim(parser: argparse.ArgumentParser) -> None:
    """Add ``--as``: what the figures are to be called."""
    told = "what to call the figures; a test is refused where something shipped was trained or chosen by these photos"
    parser.add_argument("--as", dest="claim", choices=("test", "validation"), help=f"{told} (default: by the photos)")


def claimed(args: argparse.Namespace, photos: list[str], model: str | None, split: str) -> dict[str, Any]:
    """Return what the figures keep of their photos; refuses a test that is none before anything is measured.

    photos, model: as of ``held_out.described``; split: its name claims a test as ``--as`` does.
    """
    from ewardrobe.evaluation import held_out

    return held_out.described(photos, model, args.claim or (held_out.TEST if split == held_out.TEST else None))


def provenance_of(args: argparse.Namespace, program: str, flags: Iterable[str]) -> dict[str, Any]:
    """Return where figures come from: the command with its ``flags``, code, date, machine."""
    from ewardrobe.evaluation import provenance

    command = provenance.command_line(f"ewardrobe {program}", args, flags)
    return {"command": command, **provenance.describe_run()}


def add_wardrobe(parser: argparse.ArgumentParser) -> None:
    """Add ``--wardrobe DIR``."""
    parser.add_argument("--wardrobe", type=Path, metavar="DIR", help="default: $EWARDROBE_HOME, else ./wardrobe")


def open_store(args: argparse.Namespace) -> FeatureStore:
    """Return the wardrobe that ``--wardrobe`` names."""
    from ewardrobe.feature_store.store import FeatureStore

    return FeatureStore(args.wardrobe)


@contextmanager
def picture_bar() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows on stderr how many pictures, and of how many, are done."""
    from tqdm import tqdm

    with tqdm(unit="picture", disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
