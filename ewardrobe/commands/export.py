"""Write the wardrobe into one file: a ZIP with everything, or its table as CSV.

The ending chooses: .zip holds wardrobe.json, outfits.json and images/ (unpacked, it is a wardrobe's folder again),
.csv the table.  Exit code: 0 done, 1 pictures were missing, 2 not written.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ewardrobe.commands import _wardrobe


def add_parser(subparsers) -> None:
    """Add the arguments of ``export``."""
    parser = subparsers.add_parser("export", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.zip|FILE.csv", help="the file to write")
    _wardrobe.add_argument(parser)
    parser.add_argument("--force", action="store_true", help="replace a file that is there")


def run(args: argparse.Namespace) -> int:
    """Write the file and say what is in it."""

    if args.file.suffix.lower() not in (".zip", ".csv"):
        print(f"ewardrobe export: {args.file}: end it in .zip (everything) or .csv (the table)", file=sys.stderr)
        return 2
    if args.file.exists() and not args.force:
        print(f"ewardrobe export: {args.file} is there already; choose another name, or --force", file=sys.stderr)
        return 2
    store = _wardrobe.open_store(args)
    return (_zip if args.file.suffix.lower() == ".zip" else _csv)(store, args.file)


def _zip(store, path: Path) -> int:
    from tqdm import tqdm

    from ewardrobe.feature_store.backup_zip import write_backup

    with tqdm(unit="picture", file=sys.stderr, disable=None) as bar:
        written = write_backup(store, path, lambda done, total: _show(bar, done, total))
    print(f"{path}: {written.items} items, {written.pictures} pictures, {path.stat().st_size / 1e6:.1f} MB")
    for name in written.missing:
        print(f"missing: {store.images / name}", file=sys.stderr)
    return 1 if written.missing else 0


def _csv(store, path: Path) -> int:
    from ewardrobe.core.atomic import write_bytes
    from ewardrobe.feature_store.csv_table import csv_bytes
    from ewardrobe.feature_store.document import explain_os_error

    items = store.items()
    try:
        write_bytes(path, csv_bytes(items))
    except OSError as error:
        raise explain_os_error(error, path) from error
    print(f"{path}: {len(items)} items")
    return 0


def _show(bar, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)
