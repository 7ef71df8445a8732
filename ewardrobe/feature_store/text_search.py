"""Search by words without training (CLIP; Radford et al., ICML 2021): an extra, ``requirements-text.txt``.

The first use fetches the model's weights from the internet, by the owner's own command and never by the app; after
that everything stays on this machine.  ``local-dir:FOLDER`` names a model that is there already.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ewardrobe.core import atomic, process
from ewardrobe.core.drawing import on_background
from ewardrobe.core.images import read_cutout
from ewardrobe.feature_store.store import FeatureStore
from ewardrobe.models.calibration import softmax

DEFAULT_MODEL = "hf-hub:Marqo/marqo-fashionCLIP"
"""CLIP ViT-B/16 trained on pictures of clothes (Apache-2.0), about 600 MB; any model of open_clip will do."""

LOCAL = "local-dir:"
INSTALL = "pip install -r requirements-text.txt"
TEMPLATE = "a photo of a {} garment"
BATCH = 16
WHITE = (255, 255, 255)


class TextSearchError(RuntimeError):
    """Search by words cannot be used; the message says why, and the cure."""


@dataclass(frozen=True, eq=False)
class Embedder:
    """A CLIP model: pictures and words as unit vectors of one space.

    scale: what cosines are multiplied by before a softmax over labels, as the model was trained.
    """

    name: str
    model: Any
    preprocess: Callable
    tokenizer: Callable
    scale: float

    def pictures(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """Return (N, D) float32 unit vectors of RGB uint8 (h, w, 3) pictures, at least one, all at a time."""
        import torch
        from PIL import Image

        batch = [self.preprocess(Image.fromarray(one)) for one in pictures]
        with process.inference_slot(), torch.inference_mode():
            return _unit(self.model.encode_image(torch.stack(batch)).float().numpy())

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """Return (N, D) float32 unit vectors of texts."""
        import torch

        with process.inference_slot(), torch.inference_mode():
            return _unit(self.model.encode_text(self.tokenizer(list(texts))).float().numpy())


def load_embedder(name: str = DEFAULT_MODEL) -> Embedder:
    """Load a model of open_clip: ``hf-hub:OWNER/NAME`` (fetched once into the cache folder), or ``local-dir:FOLDER``.

    Raises ``TextSearchError`` where open_clip is missing, the model is unknown, or it cannot be fetched.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import open_clip
    except ImportError as error:
        raise TextSearchError(f"search by words needs open_clip ({error}): {INSTALL}") from error
    folder = str(process.cache_dir() / "open_clip")
    try:
        model, preprocess = open_clip.create_model_from_pretrained(name, cache_dir=folder)
        tokenizer = open_clip.get_tokenizer(name, cache_dir=folder)
    except Exception as error:  # open_clip, the hub's client and their transports raise many kinds here
        raise TextSearchError(_why_not(name, error)) from error
    return Embedder(name, model.eval(), preprocess, tokenizer, float(model.logit_scale.detach().exp()))


def search(store: FeatureStore, embedder: Embedder, text: str, top: int = 10) -> list[tuple[str, float]]:
    """Return ids and cosines (-1..1) of the ``top`` items whose cut-outs are nearest to ``text``, the nearest first."""
    ids, vectors = embed_items(store, embedder)
    if not ids:
        return []
    cosines = vectors @ embedder.texts([text])[0]
    return [(ids[i], float(cosines[i])) for i in np.argsort(-cosines, kind="stable")[:top]]


def zero_shot(embedder: Embedder, vectors: np.ndarray, labels: Sequence[str], template: str = TEMPLATE) -> np.ndarray:
    """Return (N, L) float32 chances 0..1 of ``labels`` for pictures of unit vectors (N, D); each row sums to 1.

    The chances are the model's own and not calibrated: good for an order, not to be believed as numbers.
    """
    logits = embedder.scale * vectors @ embedder.texts([template.format(label) for label in labels]).T
    return softmax(logits)


def embed_items(store: FeatureStore, embedder: Embedder) -> tuple[list[str], np.ndarray]:
    """Return the ids of the items with a readable cut-out and their unit vectors (N, D) float32.

    Vectors are kept in the cache folder under the picture's name, which is a hash of its content.
    """
    named = [(item["id"], item["image"]) for item in store.items() if store.picture(item.get("image"))]
    path = process.cache_dir() / "embeddings" / f"{hashlib.sha256(embedder.name.encode()).hexdigest()[:16]}.npz"
    known = _read_vectors(path)
    new = [name for name in dict.fromkeys(name for _, name in named) if name not in known]
    for start in range(0, len(new), BATCH):
        part = {name: one for name in new[start : start + BATCH] if (one := _picture(store, name)) is not None}
        known |= dict(zip(part, embedder.pictures(list(part.values())), strict=True)) if part else {}
    if new:
        _keep_vectors(path, known)
    found = [(item_id, known[name]) for item_id, name in named if name in known]
    return [item_id for item_id, _ in found], np.array([vector for _, vector in found], np.float32)


def _picture(store: FeatureStore, name: str) -> np.ndarray | None:
    try:
        path = store.picture(name)
        return on_background(read_cutout(path), WHITE) if path else None
    except OSError:  # broken: `doctor` tells of it
        return None


def _read_vectors(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as file:
            return dict(zip(file["names"].tolist(), file["vectors"], strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return {}


def _keep_vectors(path: Path, vectors: dict[str, np.ndarray]) -> None:
    """Keep ``vectors`` for the next search; where the cache cannot be written they are made again."""
    file = io.BytesIO()
    np.savez(file, names=np.array(list(vectors)), vectors=np.stack(list(vectors.values())) if vectors else np.zeros(0))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(path, file.getvalue(), durable=False)
    except OSError:
        return


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _why_not(name: str, error: Exception) -> str:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if name.startswith(LOCAL):
        cure = "give a folder with open_clip_config.json and the weights beside it"
    else:
        cure = f"check the internet connection and the name, or give a model on this machine as {LOCAL}FOLDER"
    return f"the model {name!r} could not be loaded ({type(error).__name__}: {reason}): {cure}"
