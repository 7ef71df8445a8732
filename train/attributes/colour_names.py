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

import argparse
from pathlib import Path

import numpy as np
import torch

from ewardrobe.core.colour_names import COLOUR_NAMES, hex_to_lab, lab_features, name_probabilities
from ewardrobe.datasets.attributes import judged_garments
from ewardrobe.garments.colours import dominant_colours

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


def main() -> None:
    """Fit (or with ``--check`` only measure) and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True, help="data set with attributes_{train,validation}.csv")
    parser.add_argument("--check", action="store_true", help="measure the package's weights, fit nothing")
    args = parser.parse_args()
    validation = palettes(args.data, "validation")
    if not args.check:
        train = palettes(args.data, "train")
        weights = np.round(fit(train), 2)
        print_weights(weights)
        report("train", train, weights)
        report("validation", validation, weights)
    report("validation, weights of the package", validation, None)


def palettes(root: Path, split: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return for every judged garment its colour name, Lab colours (n, 3) and their shares (n,)."""
    found = ((judged, dominant_colours(pixels, mask)) for judged, pixels, mask in judged_garments(root, split))
    return [
        (judged.values["colour"], np.array([c.lab for c in colours]), np.array([c.share for c in colours]))
        for judged, colours in found
        if colours
    ]


def fit(garments: list[tuple[str, np.ndarray, np.ndarray]], l2: float = L2) -> np.ndarray:
    """Return the (11, 13) weights of ``lab_features`` that make the judged names likeliest."""
    garments = [garment for garment in garments if garment[0] in COLOUR_NAMES]
    counts = np.ones(len(garments)).tolist()
    anchors = anchor_palettes()
    features, shares, names = _stacked(garments + anchors)
    counts = torch.tensor(counts + [ANCHOR_WEIGHT] * len(anchors), dtype=torch.float64)
    weights = torch.zeros((features.shape[-1], len(COLOUR_NAMES)), dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        chance = (torch.softmax(features @ weights, -1) * shares[..., None]).sum(1)
        likelihood = torch.log(chance[range(len(names)), names] + 1e-4)  # the floor blunts misjudged garments
        value = -(likelihood * counts).sum() / counts.sum() + l2 * (weights[1:] ** 2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return weights.detach().numpy()


def anchor_palettes() -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Return the textbook colours as garments of one colour."""
    return [
        (name, np.array([hex_to_lab(code)]), np.ones(1)) for name, codes in ANCHORS.items() for code in codes.split()
    ]


def report(title: str, garments: list, weights: np.ndarray | None) -> None:
    """Print top-1 and top-2 agreement with the judged names, and the share lost between black and navy."""
    judged = [(name, _ranking(labs, shares, weights)) for name, labs, shares in garments if name in COLOUR_NAMES]
    first = np.mean([name == ranking[0] for name, ranking in judged])
    second = np.mean([name in ranking[:2] for name, ranking in judged])
    dark = np.mean([{name, ranking[0]} == {"black", "navy"} for name, ranking in judged])
    anchors = [(name, _ranking(labs, shares, weights)[0]) for name, labs, shares in anchor_palettes()]
    wrong = [pair for pair in anchors if pair[0] != pair[1]]
    print(f"{title}: {len(judged)} garments, top-1 {first:.3f}, top-2 {second:.3f}, black/navy confused {dark:.3f}")
    print(f"  textbook colours named wrongly: {len(wrong)} of {len(anchors)} {wrong}")


def print_weights(weights: np.ndarray) -> None:
    """Print the constants as they stand in the package."""
    for name, column in zip(COLOUR_NAMES, weights.T, strict=True):
        print(f'    "{name}": ({", ".join(f"{value:g}" for value in column)}),')


def _stacked(garments: list) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    most = max(len(shares) for _, _, shares in garments)
    labs, weights = np.zeros((len(garments), most, 3)), np.zeros((len(garments), most))
    for i, (_, colours, shares) in enumerate(garments):
        labs[i, : len(colours)], weights[i, : len(shares)] = colours, shares / shares.sum()
    return torch.tensor(lab_features(labs)), torch.tensor(weights), [COLOUR_NAMES.index(g[0]) for g in garments]


def _ranking(labs: np.ndarray, shares: np.ndarray, weights: np.ndarray | None) -> list[str]:
    chance = (name_probabilities(labs, weights) * shares[:, None]).sum(axis=0)
    return [COLOUR_NAMES[i] for i in np.argsort(-chance)]


if __name__ == "__main__":
    main()
