"""Make the data set wardrobe16 from clones of the two collections of its photos; or pack a data set without photos."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from ewardrobe.commands._shared import CommandError, new_file

ARCHIVE = Path(__file__).resolve().parents[1] / "datasets" / "wardrobe16.tar.xz"
ORIGINS = {
    "ccp": ("https://github.com/bearpaw/clothing-co-parsing", "fe34fb77721a9973fbae92c05f7f12b664d10110"),
    "clothing": ("https://github.com/alexeygrigorev/clothing-dataset", "7ed86a9cc56763b6acb35e41cb35184e43a5d218"),
}
"""Address and commit of each collection in ``sources.csv``."""

WARDROBE16 = """Make the data set wardrobe16: real photos with outlines and label maps, in DeepFashion2's layout.

The annotations come with this program, the photos from clones of two public repositories.  A photo that is missing or
another file than the annotated one is told, and then nothing is made.  A folder that was made before is checked, file
by file.  Exit code: 0 made, or there already, 2 not made."""
PACK = """Write a data set without its photos into one file, from which the set can be made again.

The set needs sources.csv: which photo is which file of which collection (split,image,collection,file,sha256).
Exit code: 0 written, 2 not written."""

INTERRUPTED = "no file was written in place of another; the same command begins anew"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what can be done, and its arguments."""
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    layout = argparse.RawDescriptionHelpFormatter
    text = WARDROBE16.partition("\n")[0]
    made = what.add_parser("wardrobe16", help=text, description=WARDROBE16, formatter_class=layout)
    for name, (url, _) in ORIGINS.items():
        made.add_argument(f"--{name}", type=Path, required=True, metavar="DIR", help=f"a clone of {url}")
    made.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    made.set_defaults(do=_make)
    text = PACK.partition("\n")[0]
    packed = what.add_parser("pack", help=text, description=PACK, formatter_class=layout)
    packed.add_argument("data", type=Path, metavar="DIR", help="a data set in DeepFashion2's layout")
    packed.add_argument("--out", type=new_file, required=True, metavar="FILE.tar.xz", help="the file to write")
    packed.add_argument("--force", action="store_true", help="replace a file that is there")
    packed.set_defaults(do=_pack)


def run(args: argparse.Namespace) -> int:
    """Do what was asked for and print the number of photos of each split."""
    counts = args.do(args)
    for split, count in counts.items():
        print(f"{split}: {count} photos")
    print(args.out)
    return 0


def _make(args: argparse.Namespace) -> Mapping[str, int]:
    from ewardrobe.datasets.archive import Collection, build

    collections = {name: Collection(getattr(args, name), *origin) for name, origin in ORIGINS.items()}
    return build(ARCHIVE, collections, args.out)


def _pack(args: argparse.Namespace) -> Mapping[str, int]:
    from ewardrobe.datasets.archive import pack

    if args.out.exists() and not args.force:
        raise CommandError(f"{args.out} is there already; choose another name, or --force")
    return pack(args.data, args.out)
