"""Write the wardrobe into one file: a ZIP with everything, or its table as CSV.

The ending chooses: .zip holds wardrobe.json, outfits.json and images/ (unpacked, it is a wardrobe's folder again),
.csv the table.  Exit code: 0 done, 1 pictures were missing or damaged, 2 not written.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store, picture_bar

INTERRUPTED = "no file was written or replaced; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``export``."""
    parser.add_argument("file", type=Path, metavar="FILE.zip|FILE.csv", help="the file to write")
    add_wardrobe(parser)
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(args: argparse.Namespace) -> int:
    """Write the file and say what is in it."""
    ways = {".zip": _zip, ".csv": _csv}
    write = ways.get(args.file.suffix.lower())
    if write is None:
        raise CommandError(f"{args.file}: end it in .zip (everything) or .csv (the table)")
    if os.path.exists(args.file) and not args.force:
        raise CommandError(f"{args.file} is there already; choose another name, or --force")
    return write(open_store(args), args.file)


def _zip(store, path: Path) -> int:
    from ewardrobe.feature_store.backup_zip import write_backup

    with picture_bar() as show:
        written = write_backup(store, path, show)
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    print(f"{path}: {written.items} items, {written.pictures} pictures, {size}; read back, all as in the wardrobe")
    for name in written.missing:
        print(f"missing: {store.images / name}", file=sys.stderr)
    for name in written.damaged:
        print(f"damaged, in the backup too: {store.images / name}", file=sys.stderr)
    return 1 if written.missing or written.damaged else 0


def _csv(store, path: Path) -> int:
    from ewardrobe.core.atomic import write_bytes
    from ewardrobe.feature_store.csv_table import csv_bytes
    from ewardrobe.feature_store.document import explain_os_error

    items = store.items()
    if not items:
        raise CommandError(f"there is no garment in {store.home}: nothing was written; check --wardrobe")
    try:
        write_bytes(path, csv_bytes(items))
    except OSError as error:
        raise explain_os_error(error, path) from error
    print(f"{path}: {len(items)} items")
    return 0
