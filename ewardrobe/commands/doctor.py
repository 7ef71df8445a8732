"""Look for what is wrong in the wardrobe's folder, and mend it with --fix.

Broken files, wrong values, fields that were emptied all at once though nobody entered that, missing, damaged and
orphaned pictures, leftovers of killed writers.  Nothing is deleted:
files go to trash/, a broken wardrobe.json is kept beside the new one, changes of items can be undone in the app.
Exit code: 0 all is well (or was mended), 1 something is left, 2 the folder cannot be used.
"""

from __future__ import annotations

import argparse

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store

INTERRUPTED = "what is told above as mended stays; the same command goes on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``doctor``."""
    add_wardrobe(parser)
    parser.add_argument("--fix", action="store_true", help="mend what can be mended")
    told = "wardrobe.json and its backups are lost: make it anew of the records beside the pictures"
    parser.add_argument("--rebuild", action="store_true", help=told)
    told = "a drive that is missed will not come back: go on without what was on it"
    parser.add_argument("--gone", action="store_true", help=told)


def run(args: argparse.Namespace) -> int:
    """Print what is wrong, mend it if asked, and say what is left."""
    from ewardrobe.feature_store.doctor import examine, is_there, mend, rebuild
    from ewardrobe.feature_store.document import check_drive
    from ewardrobe.feature_store.marker import accept_loss

    store = open_store(args)
    if args.gone:
        accept_loss(store.home)
        if not is_there(store):
            print(f"{store.home}: a new wardrobe may begin here")
            return 0
    check_drive(store.home)
    if not is_there(store):
        raise CommandError(f"there is no wardrobe in {store.home}; give --wardrobe DIR")
    if args.rebuild:
        print(rebuild(store))
    findings = examine(store)
    if args.fix and any(finding.cure for finding in findings):
        for done in mend(store):
            print(done)
        findings = examine(store)
    for finding in findings:
        print(finding.what + (f"\n  --fix: {finding.cure}" if finding.cure else ""))
    if not findings:
        print(f"{store.home}: all is well, {len(store.items())} items")
    return 1 if findings else 0
