"""Weights of the attribute network for tests: small, untrained, or told what to say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from fashion_files import annotation_item, write_photo
from metric_files import PHOTOS, chosen_by

from ewardrobe.core.attributes import HEADS, Guess, heads_of
from ewardrobe.evaluation import held_out
from ewardrobe.evaluation.attributes import Answer, evaluate_attributes
from ewardrobe.models import weights as weight_files
from ewardrobe.models.networks.attributes import AttributeNet

SIZE = 64


def write_weights(path: Path, heads: tuple[str, ...] = tuple(HEADS), **changes) -> Path:
    """Write a weights file as ``train.attributes`` does, untrained, of a network with ``heads``, with ``changes``."""
    torch.manual_seed(0)
    network = AttributeNet(16, heads=heads)
    content = {
        "kind": "attributes",
        "model": {k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()},
        "last_width": 16,
        "size": SIZE,
        "values": {name: list(HEADS[name]) for name in heads},
        "calibration": {
            name: {"log_prior": (0.0,) * len(HEADS[name]), "adjust": 1.0, "temperature": 1.0, "ask_below": 0.5}
            for name in heads
        },
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content | changes, path)
    return path


def _entry(path: Path) -> dict:
    size = path.stat().st_size
    return {"file": path.name, "sha256": weight_files.sha256_of(path), "bytes": size, "task": "attributes"}


def write_folder(folder: Path) -> Path:
    """Write a folder of weights with a manifest that holds the attribute network alone."""
    path = write_weights(folder / "attributes.pt")
    entry = {
        "file": path.name,
        "sha256": weight_files.sha256_of(path),
        "bytes": path.stat().st_size,
        "task": "attributes",
        held_out.PHOTOS: [chosen_by(folder)],
    }
    (folder / "manifest.json").write_text(json.dumps({"models": {"attributes": entry}}))
    return folder


class Teller:
    """A classifier that says what it was told: ``{head: (value, confidence)}``, sure from 0.6 up."""

    def __init__(self, **says: tuple[str, float]) -> None:
        self.says, self.asked = says, 0

    def predict(self, image: np.ndarray, mask: np.ndarray, category_id: int | None) -> dict[str, Guess]:
        self.asked += 1
        return {
            name: Guess(value, confidence, confidence >= 0.6, chances_of(name, value, confidence))
            for name, (value, confidence) in self.says.items()
            if name in heads_of(category_id)
        }


def chances_of(head: str, value: str, confidence: float) -> tuple[float, ...]:
    """Return chances of a head's values: the rest of the confidence falls to the first other one."""
    other = next(one for one in HEADS[head] if one != value)
    return tuple({value: confidence, other: 1 - confidence}.get(one, 0.0) for one in HEADS[head])


def write_garments(root: Path, split: str, count: int) -> Path:
    """Write photos of one garment each, striped or plain, with annotations and the two tables of what was judged."""
    rng, rows = np.random.default_rng(0), ["image,item,category_id,colour,pattern,material,style"]
    for number in range(1, count + 1):
        category_id, striped = (1, 2, 5, 8)[number % 4], number % 2 == 0
        image = np.full((80, 80, 3), 240, np.uint8)
        image[10:70, 20:60] = (40, 30, 200)  # BGR: red
        if striped:
            image[10:70:8, 20:60] = image[11:70:8, 20:60] = image[12:70:8, 20:60] = 255
        image = np.clip(image + rng.integers(-8, 8, image.shape), 0, 255).astype(np.uint8)
        items = {"item1": annotation_item(category_id, (20, 10, 60, 70))}
        write_photo(root / split, number, items, image)
        material = "unknown" if number % 5 == 0 else "cotton"
        values = f"{'striped' if striped else 'solid'},{material},{'smart' if number % 3 == 0 else 'casual'}"
        rows.append(f"{number:06d}.png,item1,{category_id},{'multicolour' if number == 1 else 'red'},{values}")
    (root / f"attributes_{split}.csv").write_text("\n".join(rows) + "\n")
    kinds = {1: "t-shirt", 2: "shirt", 5: "tank-top", 8: "jeans"}
    cells = (row.split(",")[:3] for row in rows[1:])
    table = [f"{image},{item},{category_id},{kinds[int(category_id)]}" for image, item, category_id in cells]
    (root / f"kinds_{split}.csv").write_text("\n".join(["image,item,category_id,kind", *table]) + "\n")
    return root


def add_measured(folder: Path) -> None:
    """Put an attribute network with metrics of four garments into a folder of weights."""
    manifest, path = folder / "manifest.json", folder / "attributes.pt"
    path.write_bytes(b"weights of the attribute network")
    entry = {
        "file": path.name,
        "sha256": weight_files.sha256_of(path),
        "bytes": path.stat().st_size,
        "task": "attributes",
    }
    entry[held_out.PHOTOS] = [chosen_by(folder)]
    models = json.loads(manifest.read_text())["models"] | {"attributes": entry}
    manifest.write_text(json.dumps({"models": models}))
    truth = {"colour": "red", "pattern": "striped", "material": "wool", "style": "smart", "sleeve": "long"}
    truth |= {"kind": "sweater"}
    guesses = {name: Guess(truth[name], 0.9, True, chances_of(name, truth[name], 0.9)) for name in HEADS}
    found = [Answer(f"{i}.jpg", truth, ("red", "pink"), "red", guesses, 2) for i in range(4)]
    meta = {"weights_sha256": entry["sha256"], "garments": 4, "images": 4, "date": "2026-11-26", "command": "python -m"}
    meta |= {"role": "test", "photos": held_out.packed(PHOTOS)}
    (folder / "attributes.metrics.json").write_text(json.dumps(evaluate_attributes(found, 10) | {"meta": meta}))
