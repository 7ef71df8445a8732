"""What a test's own model has of ``Segmenter`` beside its answers."""

from __future__ import annotations

import copy

from ewardrobe.models.confidence import RAW


class StandIn:
    """A model that runs nowhere; subclasses say what it sees."""

    size, runtime, precision, confidence = 256, "torch", "f32", RAW

    def at(self, size: int):
        other = copy.copy(self)
        other.size = size
        return other
