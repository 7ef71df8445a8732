"""The loaded models of this process: one of each for pages, live view and import worker together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ewardrobe.core import attributes
from ewardrobe.models import Segmenter, load_segmenter

if TYPE_CHECKING:
    from ewardrobe.models.attributes import AttributeClassifier

_loaded: dict[str, Any] = {}
_locks: dict[str, threading.Lock] = {}
_lock = threading.Lock()


def segmenter(name: str) -> Segmenter:
    """Return model ``name``, loaded by the first who asks, while others wait; raises what ``load_segmenter`` raises."""
    return _once(name, lambda: load_segmenter(name))


def classifier() -> AttributeClassifier:
    """Return the shipped attribute network in the same way; raises what ``attributes.load_classifier`` raises."""
    from ewardrobe.models.attributes import load_classifier  # here: not every command needs it

    return _once(attributes.NAME, load_classifier)


def is_loaded(name: str) -> bool:
    """Tell whether asking for ``name`` takes no time."""
    return name in _loaded


def release() -> None:
    """Let go of all models, at the app's end or when the weights are others."""
    _loaded.clear()


def _once(name: str, load: Callable[[], Any]) -> Any:
    with _lock:
        mine = _locks.setdefault(name, threading.Lock())  # of the name: loading one model holds up no other
    with mine:
        if name not in _loaded:
            _loaded[name] = load()
        return _loaded[name]
