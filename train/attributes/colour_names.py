"""Fit the colour names to judged garments: ``python -m train.attributes.colour_names --data DIR``.

Reads ``DIR/attributes_{train,validation}.csv`` (columns image, item, colour) beside a data set in DeepFashion2's
layout, measures the palette of every garment under its annotated mask with the code that the app runs, fits
``ewardrobe.core.colour_names.WEIGHTS`` and prints them with the agreement on both splits.  Takes about a minute.
``--check`` only measures the weights that are in the package.

Model: the softmax of a quadratic form in CIELAB names a colour; a garment's name has the share-weighted mean of its
colours' probabilities.  Fitted by maximum likelihood with L2 shrinkage; textbook colours (``ANCHORS``) join the
garments, so that what hardly anybody wears, such as pure blue, keeps its name too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ewardrobe.core.colour_names import COLOUR_NAMES, lab_features, name_probabilities
from ewardrobe.core.colour_terms import hex_to_lab
from ewardrobe.datasets.attributes import judged_garments
from ewardrobe.garments.colours import dominant_colours
from train.loop.config import exit_code, make_parser
from train.loop.engine import minimise

L2 = 1e-4
ANCHOR_WEIGHT = 10.0
ANCHORS = {
    "black": "000000 0a0a0a 141414 1c1c1c 0d0b0a",
    "white": "ffffff fafafa f5f5f5 f0f0f0 fffafa f8f8ff",
    "grey": "808080 a9a9a9 696969 778899 708090 b4b4b4",
    "beige": "f5f5dc d2b48c e8dcc0 c8ad7f f5deb3 deb887",
    "brown": "8b4513 6b4423 654321 5c4033 a0522d 7b3f00",
    "red": "ff0000 dc143c b22222 8b0000 e30b17 c00000",
    "orange": "ffa500 ff8c00 ff7f00 f28500 ff6a00 e9692c",
    "yellow": "ffff00 ffd700 f4c430 fff44f ffe135 e1ad01",
    "green": "008000 00ff00 228b22 556b2f 98fb98 2e8b57 808000",
    "blue": "0000ff 4169e1 1e90ff 87ceeb 4682b4 00bfff 6495ed",
    "navy": "000080 1b1f3b 14213d 191970 202a44 101c3c",
    "purple": "800080 8a2be2 9932cc 663399 b57edc 4b0082",
    "pink": "ffc0cb ff69b4 ff1493 ffb6c1 f4a7b9 e75480",
}


Palette = tuple[str, np.ndarray, np.ndarray]
"""A garment: its colour's name, Lab colours (n, 3) float64 and their shares (n,) float64, 0..1."""


def main(argv: Sequence[str] | None = None) -> int:
    """Fit (or with ``--check`` only measure) and print."""
    parser = make_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="data set with attributes_{train,validation}.csv")
    parser.add_argument("--check", action="store_true", help="measure the package's weights, fit nothing")
    args = parser.parse_args(argv)

    def work() -> None:
        validation = _palettes(args.data, "validation")
        if not args.check:
            train = _palettes(args.data, "train")
            weights = np.round(fit(train), 2)
            for name, column in zip(COLOUR_NAMES, weights.T, strict=True):  # as they stand in the package
                print(f'    "{name}": ({", ".join(f"{value:g}" for value in column)}),')
            _report("train", train, weights)
            _report("validation", validation, weights)
        _report("validation, weights of the package", validation, None)

    return exit_code(work)


def _palettes(root: Path, split: str) -> list[Palette]:
    found = ((judged, dominant_colours(pixels, mask)) for judged, pixels, mask in judged_garments(root, split))
    return [
        (judged.values["colour"], np.array([c.lab for c in colours]), np.array([c.share for c in colours]))
        for judged, colours in found
        if colours
    ]


def fit(garments: list[Palette]) -> np.ndarray:
    """Return the weights of ``lab_features``, (11, 13) float64, that make the judged names likeliest."""
    garments = [garment for garment in garments if garment[0] in COLOUR_NAMES]
    anchors = _anchor_palettes()
    palettes = garments + anchors
    most = max(len(shares) for _, _, shares in palettes)
    labs, padded = np.zeros((len(palettes), most, 3)), np.zeros((len(palettes), most))
    for i, (_, colours, part) in enumerate(palettes):
        labs[i, : len(colours)], padded[i, : len(part)] = colours, part / part.sum()
    features, shares = torch.tensor(lab_features(labs)), torch.tensor(padded)
    names = [COLOUR_NAMES.index(name) for name, _, _ in palettes]
    counts = torch.tensor([1.0] * len(garments) + [ANCHOR_WEIGHT] * len(anchors), dtype=torch.float64)
    weights = torch.zeros((features.shape[-1], len(COLOUR_NAMES)), dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        chance = (torch.softmax(features @ weights, -1) * shares[..., None]).sum(1)
        likelihood = torch.log(chance[range(len(names)), names] + 1e-4)  # the floor blunts misjudged garments
        return -(likelihood * counts).sum() / counts.sum() + L2 * (weights[1:] ** 2).sum()

    minimise(loss, [weights], 500)
    return weights.detach().numpy()


def _anchor_palettes() -> list[Palette]:
    return [
        (name, np.array([hex_to_lab(code)]), np.ones(1)) for name, codes in ANCHORS.items() for code in codes.split()
    ]


def _report(title: str, garments: list[Palette], weights: np.ndarray | None) -> None:
    """Print top-1 and top-2 agreement with the judged names, and the share lost between black and navy."""
    judged = [(name, _ranking(labs, shares, weights)) for name, labs, shares in garments if name in COLOUR_NAMES]
    first = np.mean([name == ranking[0] for name, ranking in judged])
    second = np.mean([name in ranking[:2] for name, ranking in judged])
    dark = np.mean([{name, ranking[0]} == {"black", "navy"} for name, ranking in judged])
    anchors = [(name, _ranking(labs, shares, weights)[0]) for name, labs, shares in _anchor_palettes()]
    wrong = [pair for pair in anchors if pair[0] != pair[1]]
    print(f"{title}: {len(judged)} garments, top-1 {first:.3f}, top-2 {second:.3f}, black/navy confused {dark:.3f}")
    print(f"  textbook colours named wrongly: {len(wrong)} of {len(anchors)} {wrong}")


def _ranking(labs: np.ndarray, shares: np.ndarray, weights: np.ndarray | None) -> list[str]:
    chance = (name_probabilities(labs, weights) * shares[:, None]).sum(axis=0)
    return [COLOUR_NAMES[i] for i in np.argsort(-chance)]


if __name__ == "__main__":
    sys.exit(main())
