"""Tell pattern, material, style, sleeves and colours of the items in the wardrobe; what you have entered stays.

Only items with a cut-out are looked at.  Doing it again changes nothing.  Exit code: 0 done, 1 some pictures could not
be read, 2 not done (no wardrobe, no weights).
"""

from __future__ import annotations

import argparse
import sys

from ewardrobe.commands import _wardrobe


def add_parser(subparsers) -> None:
    """Add the arguments of ``analyse``."""
    parser = subparsers.add_parser("analyse", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("items", nargs="*", metavar="ID", help="only these items (default: all)")
    _wardrobe.add_argument(parser)


def run(args: argparse.Namespace) -> int:
    """Analyse and say what was found; returns 0, 1 when a picture could not be read, 2 without weights or wardrobe."""
    from tqdm import tqdm

    from ewardrobe.garments import attributes
    from ewardrobe.garments.analyse import analyse

    store = _wardrobe.open_store(args)
    known = {item["id"] for item in store.items()}
    unknown = [item_id for item_id in args.items if item_id not in known]
    said = attributes.problem() or ("" if known else f"{store.path}: no items; add some with `ewardrobe digitize`")
    said = said or (f"no item {', '.join(unknown)} in {store.path}" if unknown else "")
    if said:
        print(f"ewardrobe analyse: {said}", file=sys.stderr)
        return 2
    result = analyse(store, args.items or None, lambda items: tqdm(items, unit="item", file=sys.stderr, disable=None))
    for problem in result.unusable:
        print(problem, file=sys.stderr)
    print(f"{result.looked} items looked at, {result.filled} fields filled, {result.asked} left for you to answer")
    return 1 if result.unusable else 0
