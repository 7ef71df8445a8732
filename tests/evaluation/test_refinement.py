"""The refinement's own measurement: simulated masks, a perfect model, one that finds nothing."""

import json

import numpy as np

from ewardrobe import __main__ as cli
from ewardrobe.core.detections import Detections
from ewardrobe.core.masks import mask_iou
from ewardrobe.datasets.deepfashion2 import DeepFashion2
from ewardrobe.evaluation.refinement import coarse_mask, measure_refinement


class Blind:
    name = "blind"

    def predict(self, image, min_score=0.5):
        return Detections.empty(*image.shape[:2])


def test_simulated_masks_are_near_the_truth_but_not_it():
    mask = np.zeros((300, 400), bool)
    mask[60:240, 80:320] = True
    near, far = (coarse_mask(mask, np.random.default_rng(1), wander) for wander in (0.004, 0.03))
    assert 0.99 > mask_iou(near, mask) > 0.9
    assert mask_iou(far, mask) < mask_iou(near, mask)
    assert (coarse_mask(mask, np.random.default_rng(1), 0.004) == near).all()


def test_report_counts_what_was_found(rendered_dataset):
    records = list(DeepFashion2(rendered_dataset, "validation").records())
    report = measure_refinement(records)
    assert report["photos"] == 4
    assert report["all"]["garments"] == report["worn"]["garments"] + report["not_worn"]["garments"] > 0
    assert 0.5 < report["all"]["iou_before"] < 1
    assert report["ms_per_garment"] > 0
    nothing = measure_refinement(records, Blind())
    assert nothing["all"] == {
        "garments": 0, "iou_before": None, "iou_after": None, "boundary_before": None, "boundary_after": None
    }  # fmt: skip


def test_command_prints_table_and_json(rendered_dataset, capsys):
    arguments = ["refine-report", "--data", str(rendered_dataset), "--limit", "2"]
    assert cli.main(arguments) == 0
    assert "boundary IoU before" in capsys.readouterr().out
    assert cli.main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["photos"] == 2
