"""Find items of the wardrobe by words, or tag them by words; an extra: pip install -r requirements-text.txt.

A line for each item on stdout: how near it is (-1..1), its id, what it is.  With --labels a line for each item and its
likeliest label instead; --write adds that label to the tags of the item.
"""

from __future__ import annotations

import argparse

from ewardrobe.commands._shared import CommandError, add_wardrobe, open_store
from ewardrobe.core.arguments import fraction, positive
from ewardrobe.wardrobe.naming import called


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``search``."""
    from ewardrobe.feature_store.text_search import DEFAULT_MODEL

    parser.add_argument("text", nargs="?", help='what to look for: "a red dress for the summer"')
    parser.add_argument("--labels", metavar="A,B,…", help="tell which of these words fits each item best")
    parser.add_argument("--write", action="store_true", help="with --labels: add the word to the item's tags")
    parser.add_argument(
        "--least", type=fraction, default=0.5, metavar="P", help="write what is likelier than this (0.5)"
    )
    parser.add_argument("--top", type=positive, default=10, metavar="N", help="at most N items (default: %(default)s)")
    add_wardrobe(parser)
    parser.add_argument("--clip-model", default=DEFAULT_MODEL, metavar="NAME", help="hf-hub:…, or local-dir:FOLDER")


def run(args: argparse.Namespace) -> int:
    """Search or tag."""
    from ewardrobe.feature_store.text_search import load_embedder, search

    labels = [label.strip() for label in (args.labels or "").split(",") if label.strip()]
    if bool(labels) == bool(args.text):
        raise CommandError('give words to look for, or --labels "work, party, …"')
    store = open_store(args)
    if not any(item.get("image") for item in store.items()):
        raise CommandError(f"{store.path} holds no item with a picture")
    embedder = load_embedder(args.clip_model)
    if labels:
        _tag(store, embedder, labels, args)
        return 0
    for item_id, cosine in search(store, embedder, args.text, args.top):
        print(f"{cosine:.3f}  {item_id}  {called(store.get(item_id))}")
    return 0


def _tag(store, embedder, labels: list[str], args: argparse.Namespace) -> None:
    from ewardrobe.feature_store.text_search import embed_items, zero_shot

    ids, vectors = embed_items(store, embedder)
    for item_id, chances in zip(ids, zero_shot(embedder, vectors, labels), strict=True):
        best = int(chances.argmax())
        item = store.get(item_id)
        print(f"{chances[best]:.2f}  {labels[best]}  {item_id}  {called(item)}")
        if args.write and chances[best] > args.least and labels[best] not in item["tags"]:
            store.update(item_id, tags=[*item["tags"], labels[best]])
