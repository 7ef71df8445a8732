"""All networks look at one photo, and one answer comes of it.

Each network sees the photo and, where somebody is in it, enlarged ones too.  Candidates that overlap are one garment.
Its outline is where the looks agree, each as heavy as it is sure; the score of a name is the mean confidence in it, of
all looks.  How often a network looks and what its word weighs is a `Recipe`, which ``train.consensus`` chooses on
validation photos and keeps in ``weights/consensus.json``.
"""

from __future__ import annotations

import copy
import json
import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import cv2
import numpy as np

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import scale_to
from ewardrobe.core.taxonomy import INSTANCES, classes_of, labels_of
from ewardrobe.models import NETWORKS, SHOWN_SCORE, Parser, Segmenter, cache, check_image, load_segmenter
from ewardrobe.models.confidence import DEFAULT, RAW, Confidence, of_entry
from ewardrobe.models.inference import rest
from ewardrobe.models.weights import CHOOSE_AGAIN, WeightsError, read_manifest, verified_path, why_outdated

log = logging.getLogger(__name__)

PARSER = "unet"
LOOK_SIDE = 640
"""Long side in pixels at which the networks are given a photo, and compared: as much as they see, and no more."""

LEAST, MOST = 0.02, 20
"""Confidence from which a candidate counts, and how many of one look do."""

COMPARED_STEP = 3
"""Every so manieth row and column tells masks apart as well as all of them."""

SAME_SLOT_IOU, OTHER_SLOT_IOU = 0.5, 0.7
"""Overlap from which two candidates are one garment: both named for one slot, or for different ones.

A jacket and the top below it overlap and stay two; a top that one network calls a jacket is one.
"""

PERSON_SHARE = 0.015
"""Share of skin and hair in a photo from which somebody is in it."""

LEAST_SEEN = 0.01
"""Mean confidence, in any name, below which a group is dropped before it costs time."""

_SKIN, _HAIR = 13, 14
_SLOTS = np.array([instance.slot for instance in INSTANCES])


@dataclass(frozen=True)
class Part:
    """One network's part in a recipe.

    zooms: how much larger than at the network's own size it sees a photo, once for each; those above 1 where somebody
    is in it, since worn garments are small.  weight: of its word, however often it looks.  thresholds: as
    ``Confidence`` has them, of the 13 garments or of all 16 labels that it has learned; they bring the scores of all
    networks to one scale.  sha256: of the weights that this was
    chosen for.
    """

    zooms: tuple[float, ...]
    weight: float
    thresholds: tuple[float, ...]
    sha256: str


Recipe = Mapping[str, Part]
"""What the networks are asked, by their names."""


@dataclass(frozen=True, eq=False)
class Opinion:
    """What ``network`` sees at one ``zoom``: garments at ``LOOK_SIDE``, with the network's confidences."""

    network: str
    zoom: float
    found: Detections


@dataclass(frozen=True, eq=False)
class Group:
    """Candidates that are one garment.

    soft: (h, w) float32 0..1, the weight of the looks that see it there.  scores: (16,) float 0..1, the weighted mean
    confidence in each name, of all looks that know it.
    """

    soft: np.ndarray
    scores: np.ndarray


class ConsensusSegmenter:
    """Asks several networks and combines what they say; safe from several threads, as they are."""

    name = "consensus"

    def __init__(self, networks: Mapping[str, Segmenter], recipe: Recipe, confidence: Confidence) -> None:
        self.networks, self.recipe, self.confidence = dict(networks), recipe, confidence
        self.size = max(network.size for network in networks.values())
        self.runtime, self.precision = (getattr(networks[PARSER], name) for name in ("runtime", "precision"))

    def predict(self, image: np.ndarray, min_score: float = SHOWN_SCORE) -> Detections:
        """Find garments in RGB uint8 (H, W, 3) ``image``; see ``Segmenter.predict``."""
        groups = grouped(self.looks(image), self.recipe)
        found = named(groups, image.shape[:2], self.confidence.lowest_raw(min_score))
        return self.confidence.applied(found, min_score)

    def at(self, size: int) -> Self:
        """Return this model with ``size`` pixels for its largest network, and one look of each; see ``Segmenter.at``.

        It stays slower than each of its networks.
        """
        other = copy.copy(self)
        other.size = size
        other.networks = {name: n.at(max(1, n.size * size // self.size)) for name, n in self.networks.items()}
        other.recipe = {name: replace(part, zooms=(1.0,)) for name, part in self.recipe.items()}
        return other

    def looks(self, image: np.ndarray) -> list[Opinion]:
        """Return what every network sees in RGB uint8 (H, W, 3) ``image``, at every zoom that it asks for."""
        small = scale_to(check_image(image), LOOK_SIDE)
        parser = cast(Parser, self.networks[PARSER])
        parsing = parser.parse(small)
        person = float(parsing[[_SKIN, _HAIR]].sum(axis=0).mean()) >= PERSON_SHARE
        looks = [Opinion(PARSER, 1.0, parser.garments(parsing, small.shape[:2], LEAST)[:MOST])]
        for name, zoom in ((name, zoom) for name, part in self.recipe.items() for zoom in part.zooms):
            if (name, zoom) != (PARSER, 1) and (person or zoom == 1):
                network = self.networks[name]
                network = network if zoom == 1 else network.at(round(network.size * zoom))
                looks.append(Opinion(name, zoom, network.predict(small, LEAST)[:MOST]))
                rest()  # or the memory of all networks would be held at once
        return looks


def grouped(looks: Sequence[Opinion], recipe: Recipe) -> list[Group]:
    """Return the garments that the ``looks`` at one photo agree on, those that most are sure of first."""
    weights, words = _weights(looks, recipe)
    masks = np.concatenate([look.found.masks for look in looks])
    classes = classes_of(np.concatenate([look.found.category_ids for look in looks]))
    confidences = np.concatenate([look.found.scores for look in looks]).astype(float)
    places = np.repeat(np.arange(len(looks)), [len(look.found) for look in looks])
    groups = []
    for members in _overlapping(masks, classes, confidences * weights[places]):
        told = np.zeros((len(looks), len(INSTANCES)))
        np.maximum.at(told, (places[members], classes[members]), confidences[members])
        surest = weights * told.max(axis=1)
        if surest.sum() >= LEAST_SEEN:
            best = _best_of_each_look(members, places, confidences)
            shares = (surest[places[best]] / surest.sum()).astype(np.float32)
            groups.append(Group(np.tensordot(shares, masks[best], axes=1), (words * told).sum(axis=0)))
    return groups


def _weights(looks: Sequence[Opinion], recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of each look, (N,) of sum 1, and of its word on each name, (N, 16) with columns of sum 1.

    On what a network has never learned it has no word, if another has learned it.
    """
    count = Counter(look.network for look in looks)
    weights = np.array([recipe[look.network].weight / count[look.network] for look in looks])
    known = np.arange(len(INSTANCES)) < np.array([len(recipe[look.network].thresholds) for look in looks])[:, None]
    words = weights[:, None] * np.where(known.any(axis=0), known, True)
    return weights / weights.sum(), words / words.sum(axis=0)


def _overlapping(masks: np.ndarray, classes: np.ndarray, sureness: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the places of (N, h, w) bool ``masks`` that are one garment, around the surest that is left."""
    compared = masks[:, ::COMPARED_STEP, ::COMPARED_STEP]
    flat = compared.reshape(len(masks), math.prod(compared.shape[1:])).astype(np.float32)
    areas, both = flat.sum(axis=1), flat @ flat.T
    iou = both / np.maximum(areas[:, None] + areas - both, 1)
    slots = _SLOTS[classes]
    same = iou >= np.where(slots[:, None] == slots, SAME_SLOT_IOU, OTHER_SLOT_IOU)
    np.fill_diagonal(same, True)  # what is smaller than the step has no overlap even with itself
    free = np.ones(len(masks), bool)
    for seed in np.argsort(-sureness, kind="stable"):
        if free[seed]:
            members = np.flatnonzero(free & same[seed])
            free[members] = False
            yield members


def _best_of_each_look(members: np.ndarray, places: np.ndarray, confidences: np.ndarray) -> np.ndarray:
    surest_first = members[np.argsort(-confidences[members], kind="stable")]
    return surest_first[np.unique(places[surest_first], return_index=True)[1]]


def named(groups: Sequence[Group], size: tuple[int, int], min_score: float) -> Detections:
    """Return every name of the ``groups`` with a raw score of ``min_score`` or more, for an image of ``size`` (H, W).

    Two names of one group have the same mask.
    """
    masks, classes, scores = [], [], []
    for group in groups:
        names = np.flatnonzero((group.scores >= min_score) & (group.scores > 0))
        if len(names):
            masks += [cv2.resize(group.soft, size[::-1], interpolation=cv2.INTER_LINEAR) > 0.5] * len(names)
            classes += names.tolist()
            scores += group.scores[names].tolist()
    if not masks:
        return Detections.empty(*size)
    return Detections.from_masks(np.stack(masks), labels_of(classes), scores).sorted_by_score()


def load(weights: Path | None = None, name: str = "consensus", runtime: str | None = None) -> ConsensusSegmenter:
    """Load the shipped recipe and its networks, or a recipe that ``train.consensus`` wrote.

    The networks are those of ``models.cache``, so none is loaded twice.  Where one has other weights than the recipe
    was chosen for, a warning is logged and `plain` is used: all words are equal, and no score is calibrated.  Raises
    ``WeightsError`` for a recipe that cannot be used, and for networks that cannot.
    """
    path, entry = verified_path(name) if weights is None else (Path(weights), {})
    recipe, confidence = read_recipe(path), of_entry(entry)
    if why := why_outdated({part: each.sha256 for part, each in recipe.items()}):
        log.warning("%s is not used, all networks have the same word, and no score is calibrated; it was %s", path, why)
        recipe, confidence = plain(), DEFAULT
    return assembled(recipe, confidence, runtime)


def assembled(recipe: Recipe, confidence: Confidence = RAW, runtime: str | None = None) -> ConsensusSegmenter:
    """Return the model of ``recipe`` with the networks of the shipped weights; runtime: as ``load_segmenter``'s."""
    get = cache.segmenter if runtime is None else partial(load_segmenter, runtime=runtime)
    networks = {name: copy.copy(get(name)) for name in recipe}
    for name, network in networks.items():
        network.confidence = Confidence(recipe[name].thresholds)
    return ConsensusSegmenter(networks, recipe, confidence)


def plain(entries: Mapping[str, dict] | None = None) -> Recipe:
    """Return the recipe before anything is chosen: one look of each network, and equal words.

    entries: of the manifest, by default the shipped one.
    """
    entries = read_manifest() if entries is None else entries
    return {n: Part((1.0,), 1.0, of_entry(entries[n]).thresholds, entries[n]["sha256"]) for n in NETWORKS}


def read_recipe(path: Path) -> Recipe:
    """Read a file that ``train.consensus`` wrote; ``WeightsError`` says what is wrong with it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["kind"] != "consensus":
            raise ValueError(f"it holds {content['kind']!r}")
        parts = {name: _part(**part) for name, part in content["parts"].items()}
        if PARSER not in parts or not parts.keys() <= set(NETWORKS):
            raise ValueError(f"expected parts of {', '.join(NETWORKS)}, and the first of them")
        return parts
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}): restore it, or {CHOOSE_AGAIN}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        raise WeightsError(f"{path} is no recipe of a consensus ({why}): restore it, or {CHOOSE_AGAIN}") from error


def _part(zooms: list[float], weight: float, thresholds: list[float], sha256: str) -> Part:
    Confidence(tuple(thresholds))  # refuses what cannot be thresholds
    if not (weight > 0 and 1 in zooms and min(zooms) >= 1):
        raise ValueError("expected a zoom of 1, others above it, and a weight above 0")
    return Part(tuple(map(float, zooms)), float(weight), tuple(thresholds), sha256)


def recipe_json(recipe: Recipe) -> dict[str, Any]:
    """Return ``recipe`` as `read_recipe` reads it."""
    return {"kind": "consensus", "parts": {name: asdict(part) for name, part in recipe.items()}}
