"""Pictures without a background, as background removers give them: their own outline is the cut-out."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image
from stand_ins import StandIn

from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_outline
from ewardrobe.core.masks import mask_iou
from ewardrobe.garments.digitize import digitize_photo


class Found(StandIn):
    """Finds the given masks, and keeps what it was shown."""

    name = "found"

    def __init__(self, *masks: np.ndarray) -> None:
        self.masks = np.array(masks)

    def predict(self, image: np.ndarray, min_score: float = 0.5) -> Detections:
        self.shown = image
        return Detections.from_masks(self.masks, [1, 8, 9][: len(self.masks)], [0.9, 0.8, 0.7][: len(self.masks)])


def shirt(colour, kind="PNG", **options) -> tuple[bytes, np.ndarray]:
    """A shirt with sleeves on transparent ground, and its outline."""
    outline = np.zeros((300, 240), np.uint8)
    cv2.fillPoly(
        outline, [np.array([[70, 40], [170, 40], [220, 120], [180, 130], [180, 260], [60, 260], [20, 120]])], 1
    )
    rgba = np.dstack([np.broadcast_to(np.uint8(colour), (300, 240, 3)), outline * np.uint8(255)])
    buffer = io.BytesIO()
    Image.fromarray(rgba).save(buffer, kind, **options)
    return buffer.getvalue(), outline > 0


@pytest.mark.parametrize("colour", [(255, 255, 255), (200, 30, 40), (20, 20, 20)])
def test_the_outline_that_is_there_is_the_cutout(colour):
    data, outline = shirt(colour)
    rough = cv2.erode(outline.astype(np.uint8), np.ones((15, 15))) > 0
    segmenter = Found(rough)
    (garment,) = digitize_photo(data, segmenter).garments
    assert mask_iou(garment.mask, outline) == 1
    assert garment.cutout[..., 3].max() == 255
    assert np.abs(segmenter.shown[150, 120].astype(int) - segmenter.shown[2, 2]).max() > 60  # it stands out


def test_a_part_of_what_was_cut_out_stays_a_part():
    """Half of it is found: a skirt of a cut-out person, say."""
    data, outline = shirt((200, 30, 40))
    lower = np.zeros_like(outline)
    lower[150:270, 30:230] = True
    upper = np.zeros_like(outline)
    upper[30:150] = outline[30:150]
    garments = digitize_photo(data, Found(upper, lower)).garments
    assert len(garments) == 2
    assert not any((garment.mask & ~outline).any() for garment in garments)


def test_what_is_found_on_the_ground_is_nothing():
    data, outline = shirt((200, 30, 40))
    assert digitize_photo(data, Found(~outline)).garments == ()


def test_pictures_without_transparency_have_no_outline_of_their_own():
    opaque = io.BytesIO()
    Image.new("RGBA", (40, 40), (1, 2, 3, 255)).save(opaque, "PNG")
    assert load_outline(opaque) is None
    exif = Image.Exif()
    exif[0x0112] = 6
    data, outline = shirt((1, 2, 3), exif=exif)
    assert load_outline(data).shape == (240, 300)
    assert (load_outline(data) > 0).sum() == outline.sum()
