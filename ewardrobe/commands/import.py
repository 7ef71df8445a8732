"""Take a backup (ZIP) or a table (CSV) into the wardrobe, after a look at what it would change.

Items are told apart by their id: what is new is added, what is the same is left, and --conflicts says what to do with
items that differ.  All is one change, which the app can undo.
Exit code: 0 done, 1 some rows or pictures were left out, 2 nothing taken over.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store, picture_bar

INTERRUPTED = "unless its counts stand above, nothing was taken over; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``import``."""
    from ewardrobe.feature_store.csv_table import ENCODINGS
    from ewardrobe.feature_store.exchange import CHOICES

    parser.add_argument("file", type=Path, metavar="FILE.zip|FILE.csv", help="the file to read")
    add_wardrobe(parser)
    parser.add_argument("--dry-run", action="store_true", help="only show what would change")
    text = "items that differ: take the file's, keep mine, the one changed later, or both (default: %(default)s)"
    parser.add_argument("--conflicts", choices=CHOICES, default="theirs", help=text)
    text = "CSV that is not UTF-8: how its letters are written; without it, its words are shown in each"
    parser.add_argument("--encoding", choices=ENCODINGS, help=text)
    parser.add_argument(
        "--replace", action="store_true", help="ZIP: remove what is not in it; its pictures go to trash/"
    )


def run(args: argparse.Namespace) -> int:
    """Show the differences, and take them over unless it is a dry run."""
    store = open_store(args)
    if not os.path.isfile(args.file):
        raise CommandError(f"{args.file}: no such file; check the path")
    problems = (_csv if args.file.suffix.lower() in (".csv", ".tsv", ".txt") else _zip)(store, args)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _zip(store, args: argparse.Namespace) -> list[str]:
    from ewardrobe.feature_store.backup_zip import open_backup, restore
    from ewardrobe.feature_store.exchange import compare

    with open_backup(args.file) as backup, picture_bar() as show:
        _tell(compare(store.items(), backup.items))
        if args.dry_run:
            return [f"missing in the backup: {name}" for name in backup.missing]
        result = restore(store, backup, args.conflicts, remove_others=args.replace, progress=show)
    print(result)
    return result.problems


def _csv(store, args: argparse.Namespace) -> list[str]:
    from ewardrobe.feature_store.csv_table import read_csv, read_file, take_over

    table = read_csv(store, read_file(args.file), str(args.file), args.encoding)
    _tell(table.differences)
    if args.dry_run:
        return table.remarks
    result = take_over(store, table, args.conflicts)
    print(result)
    return result.problems


def _tell(differences) -> None:
    from ewardrobe.feature_store.exchange import counts

    for difference in differences:
        if difference.status == "changed":
            print(f"changed {difference.id} {difference.name}: {difference.words}")
    print(", ".join(f"{count} {status}" for status, count in counts(differences).items()))
