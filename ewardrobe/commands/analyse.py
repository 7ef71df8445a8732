"""Tell pattern, material, style, sleeves and colours of the items in the wardrobe; what you have entered stays.

Only items with a cut-out are looked at.  Doing it again changes nothing.  Exit code: 0 done, 1 some pictures could not
be read, 2 not done (no wardrobe, no weights).
"""

from __future__ import annotations

import argparse
import sys

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store

INTERRUPTED = "what the wardrobe says so far stays; the same command goes on"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``analyse``."""
    parser.add_argument("items", nargs="*", metavar="ID", help="only these items (default: all)")
    add_wardrobe(parser)


def run(args: argparse.Namespace) -> int:
    """Analyse and say what was found; returns 0, or 1 when a picture could not be read."""
    from tqdm import tqdm

    from ewardrobe.garments import attributes
    from ewardrobe.garments.analyse import analyse

    store = open_store(args)
    if problem := attributes.problem():
        raise CommandError(problem)
    known = {item["id"] for item in store.items()}
    if not known:
        raise CommandError(f"{store.path}: no items; add some with `ewardrobe digitize`")
    if unknown := [item_id for item_id in args.items if item_id not in known]:
        raise CommandError(f"no item {', '.join(unknown)} in {store.path}")
    result = analyse(store, args.items or None, lambda items: tqdm(items, unit="item", disable=None))
    for problem in result.unusable:
        print(problem, file=sys.stderr)
    print(f"{result.looked} items looked at, {result.filled} fields filled, {result.asked} left for you to answer")
    return 1 if result.unusable else 0
