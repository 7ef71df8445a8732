"""Pictures of a comparison: the agreement map on the photo, enlarged details, the IoU heat map.

Photos are RGB uint8 (H, W, 3); a matrix of M models is (M, M) float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import plotly.graph_objects as go

from ewardrobe.core.drawing import checkerboard, on_background
from ewardrobe.evaluation.figures.chart import heat_map

FEW, HALF, ALL = (222, 98, 32), (240, 196, 60), (15, 118, 110)
"""Orange where one model stands alone, yellow between, teal where all agree: told apart by every kind of eyesight."""

DETAIL_SIDE = 360
OUTLINE = (222, 22, 122)


def agreement_colours(models: int) -> list[tuple[int, ...]]:
    """Return the RGB colours of "one model says so" up to "all ``models`` do"; a single model has the last.

    >>> agreement_colours(2)
    [(222, 98, 32), (15, 118, 110)]
    """
    places = np.linspace(0, 1, models) if models > 1 else np.ones(1)
    channels = [np.interp(places, (0, 0.5, 1), values) for values in zip(FEW, HALF, ALL, strict=True)]
    return [tuple(round(float(value)) for value in colour) for colour in zip(*channels, strict=True)]


def draw_agreement(image: np.ndarray, agreement: np.ndarray, models: int, alpha: float = 0.7) -> np.ndarray:
    """Return ``image`` (RGB uint8 (H, W, 3)) pale and grey, with the agreement map (H, W) uint8, 0..``models``, on it.

    Raises ``ValueError`` when the map belongs to an image of another size.
    """
    if image.shape[:2] != agreement.shape:
        raise ValueError(f"image is {image.shape[:2]}, the map is {agreement.shape}: compare at the image's size")
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float32)
    pale = np.repeat(0.6 * grey + 0.4 * 255, 3, axis=2)
    palette = np.array([(0, 0, 0), *agreement_colours(models)], np.float32)
    mixed = pale * (1 - alpha) + palette[agreement] * alpha
    return np.rint(np.where((agreement > 0)[..., None], mixed, pale)).astype(np.uint8)


def detail_picture(
    image: np.ndarray, mask: np.ndarray | None, box: tuple[int, int, int, int], side: int = DETAIL_SIDE
) -> np.ndarray:
    """Return the square ``box`` (x0 y0 x1 y1) of ``image`` enlarged to (side, side, 3) RGB uint8.

    With a ``mask`` ((H, W) bool) it is the cut-out on a checkerboard, outlined as the model drew it; without one the
    photo itself.
    """
    x0, y0, x1, y1 = box
    method = cv2.INTER_CUBIC if x1 - x0 < side else cv2.INTER_AREA
    photo = cv2.resize(np.ascontiguousarray(image[y0:y1, x0:x1]), (side, side), interpolation=method)
    if mask is None:
        return photo
    inside = cv2.resize(mask[y0:y1, x0:x1].astype(np.uint8) * 255, (side, side), interpolation=cv2.INTER_LINEAR)
    picture = on_background(np.dstack([photo, inside]), checkerboard(side, side, square=side // 24))
    contours, _ = cv2.findContours((inside > 127).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(picture, contours, -1, OUTLINE, 2, cv2.LINE_AA)


def iou_figure(matrix: np.ndarray, labels: Sequence[str]) -> go.Figure:
    """Return the heat map of an (M, M) IoU matrix in percent; pairs that saw nothing (NaN) stay empty."""
    text = [["–" if np.isnan(value) else f"{value:.0%}" for value in row] for row in matrix]
    figure = heat_map(
        100 * matrix,
        text,
        [[0, "#f6efe2"], [0.5, "#9cc9bf"], [1, "#0f766e"]],
        x=list(labels),
        y=list(labels),
        zmax=100,
        texttemplate="%{text}",
        textfont={"size": 15},
        hovertemplate="%{y} and %{x}: mask IoU %{text}<extra></extra>",
        showscale=False,  # every cell says its number
    )
    figure.update_layout(height=120 + 70 * len(labels), margin={"l": 0, "r": 0, "t": 10, "b": 0})
    lines = [label.replace(" ", "<br>") for label in labels]
    figure.update_xaxes(tickvals=list(labels), ticktext=lines, tickangle=0)
    return figure
