"""The worst photos of a model: faults counted by kind, and the sheet that shows them."""

from __future__ import annotations

import numpy as np
import pytest
from fashion_files import SIZE, BlindSegmenter, ColourSegmenter, annotation_item, write_photo, write_split

from ewardrobe.__main__ import main
from ewardrobe.core.detections import Detections
from ewardrobe.core.images import load_image
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.evaluation.errors import judge_errors, photo_errors, worst

BOX = (10, 10, 30, 40)


def found(*garments) -> Detections:
    """Garments as (category id, box) on a photo of ``SIZE``."""
    masks = np.zeros((len(garments), *SIZE), bool)
    for mask, (_, (x0, y0, x1, y1)) in zip(masks, garments, strict=True):
        mask[y0:y1, x0:x1] = True
    return Detections.from_masks(masks, [c for c, _ in garments], [0.9] * len(garments))


@pytest.mark.parametrize(
    ("garments", "kinds", "quality"),
    [
        ([(1, BOX)], {}, 1.0),
        ([], {"missed": 1}, 0.0),
        ([(2, BOX)], {"misnamed": 1}, 0.0),
        ([(1, BOX), (9, (50, 5, 70, 50))], {"invented": 1}, 1 / 1.5),
        ([(1, (10, 10, 30, 28))], {"rough": 1}, 0.6),  # 18 of 30 rows
        ([(1, (60, 10, 75, 40))], {"missed": 1, "invented": 1}, 0.0),
    ],
)
def test_faults_of_a_photo_by_hand(tmp_path, garments, kinds, quality):
    write_photo(tmp_path / "validation", 1, {"item1": annotation_item(1, BOX)})
    record = next(DeepFashion2(tmp_path, "validation").records())
    errors = judge_errors(record, load_image(record.image_path, max_side=None), found(*garments))
    assert dict(errors.kinds) == kinds
    assert errors.quality == pytest.approx(quality)


def test_the_worst_come_first_and_all_faults_are_counted(tmp_path):
    data = DeepFashion2(write_split(tmp_path, 9), "validation")
    wrong = lambda category_id, area: 0.9 if category_id < 7 else 0.1  # noqa: E731 (rare ones are overlooked)
    photos, kinds = worst(photo_errors(ColourSegmenter(score=wrong), data.records(), 0.5), 3)
    everything = sorted(p.quality for p in photo_errors(ColourSegmenter(score=wrong), data.records(), 0.5))
    assert [p.quality for p in photos] == everything[:3]
    assert kinds["missed"] == sum(i.category_id >= 7 for r in data.records() for i in r.items)
    assert set(kinds) == {"missed"}


def test_the_command_writes_a_sheet_and_says_what_is_wrong(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("ewardrobe.models.load_segmenter", lambda name, weights=None: BlindSegmenter())
    write_split(tmp_path, 6)
    words = ["worst", "--data", str(tmp_path), "--count", "5"]
    assert main([*words, "--sheet", str(tmp_path / "sheet.png")]) == 0
    out = capsys.readouterr().out
    assert out.count("quality 0.00") == 5
    assert "all photos: 12 missed" in out
    assert load_image(tmp_path / "sheet.png", max_side=None).shape == (2 * 336, 4 * 320, 3)
    with pytest.raises(SystemExit, match="2"):
        main([*words[:-1], "0", "--sheet", str(tmp_path / "sheet.png")])
    assert main([*words, "--sheet", str(tmp_path)]) == 2  # a folder
    assert main(["worst", "--data", str(tmp_path / "none"), "--sheet", str(tmp_path / "s.png")]) == 2
