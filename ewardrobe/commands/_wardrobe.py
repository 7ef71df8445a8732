"""Which wardrobe a command works on: the one place where the commands open it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ewardrobe.feature_store.store import FeatureStore


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--wardrobe DIR``."""
    parser.add_argument("--wardrobe", type=Path, metavar="DIR", help="default: $EWARDROBE_HOME, else ./wardrobe")


def open_store(args: argparse.Namespace) -> FeatureStore:
    """Return the wardrobe that ``--wardrobe`` names."""
    from ewardrobe.feature_store.store import FeatureStore

    return FeatureStore(args.wardrobe)
