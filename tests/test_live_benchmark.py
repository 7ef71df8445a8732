"""The measures of the live view, on signals whose answer is known, and the command on a short run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ewardrobe import cli, live_benchmark, live_clips, live_quality
from ewardrobe.detections import Detections
from ewardrobe.figures_live import TARGETS, rows
from ewardrobe.tryon.motion import move_points
from ewardrobe.ui_live_metrics import read_live

TIMES = np.arange(240) / 30


@pytest.mark.parametrize("frames", [0.0, 1.5, 4.0])
def test_a_known_lag_is_found(frames):
    assert live_benchmark.lag(np.sin(2 * (TIMES - frames / 30)), np.sin(2 * TIMES)) == pytest.approx(frames, abs=0.11)


def test_overshoot_is_what_goes_beyond_the_stop():
    truth = np.minimum(TIMES, 1.0) * 50
    path = truth + np.where((TIMES > 1) & (TIMES < 1.3), 7.0, 0.0)
    assert live_benchmark._overshoot(path + 100, truth) == pytest.approx(7.0)
    assert live_benchmark._overshoot(truth + 100, truth) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", live_clips.MOTIONS)
def test_the_clips_truth_is_where_the_picture_went(kind):
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[55:65, 75:85] = 255
    for i, frame in enumerate(live_clips.moved(picture, kind, 20)):
        if kind == "hand" or i % 7:
            continue
        grey = frame.image.mean(axis=2)
        ys, xs = np.nonzero(grey > 100)
        expected = move_points(np.array([[79.5, 59.5]]), frame.motion)[0]
        assert (xs.mean(), ys.mean()) == pytest.approx(tuple(expected), abs=0.7)


def test_an_unknown_motion_is_refused():
    with pytest.raises(ValueError, match="still, pan, stop"):
        live_clips.motion_at("jump", 0, (10, 10))


class Blind:
    """A model that sees nothing."""

    def predict(self, image, min_score):
        return Detections.empty(*image.shape[:2])

    def probabilities(self, image):
        return np.zeros((18, image.shape[0] // 2, image.shape[1] // 2), np.float32)


def test_fit_with_perfect_masks_is_nearly_perfect_and_bad_models_are_not():
    found = live_quality.fit_quality(live_quality.rendered_cases(3), Blind(), Blind())
    assert found["garments"] >= 3
    assert found["fit_iou"] == 0 and found["old_showing"] == 1
    assert found["fit_iou_true_masks"] >= 0.9
    assert found["wrongly_covered_true_masks"] <= 0.03 and found["old_showing_true_masks"] <= 0.05
    assert live_quality.fit_quality([], Blind(), Blind())["fit_iou"] is None


def test_rows_judge_against_the_targets():
    found = {row["figure"]: row for row in rows({"compositor_ms": {"median": 7.0, "p95": 20.0}, "output_fps": 25})}
    assert len(found) == len(TARGETS)
    assert found["compositor, median"]["met"] == "yes" and found["compositor, 95th percentile"]["met"] == "no"
    assert found["output, of 30"]["met"] == "yes" and found["jitter, still picture"]["met"] == "–"


def test_figures_of_other_weights_do_not_count(tmp_path):
    path = tmp_path / "live.json"
    assert read_live(path, {}) == (None, None)
    path.write_text("{")
    assert "cannot be read" in read_live(path, {})[1]
    path.write_text(json.dumps({"model": "yolo", "meta": {"weights_sha256": {"yolo": "a"}}}))
    assert "other weights" in read_live(path, {"yolo": {"sha256": "b"}})[1]
    assert read_live(path, {"yolo": {"sha256": "a"}})[0]["model"] == "yolo"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "nobody"], "expected one of"),
        (["--clip", "missing.mp4"], "no such file"),
        (["--data", "nowhere"], "DeepFashion2's layout"),
        (["--seconds", "0"], "--seconds from 2"),
        (["--json", "no/such/folder/live.json"], "a folder that exists"),
    ],
)
def test_wrong_arguments_say_what_is_expected(words, said, capsys):
    assert cli.main(["benchmark", "live", *words]) == 2
    assert said in capsys.readouterr().err


def test_the_whole_benchmark_writes_its_figures(tmp_path, capsys):
    path = tmp_path / "live.json"
    assert cli.main(["benchmark", "live", "--seconds", "2", "--photos", "1", "--json", str(path)]) == 0
    result = json.loads(path.read_text())
    keys = "compositor_ms output_fps inference_hz result_age_ms_p95 ratio_to_ultralytics jitter_px_rms lag_frames"
    assert set(keys.split()) <= set(result)
    assert {"fit_iou", "wrongly_covered", "old_showing", "memory_growth_mb"} <= set(result)
    assert result["compositor_ms"]["p95"] >= result["compositor_ms"]["median"] > 0
    assert result["ratio_to_ultralytics"] > 0 and result["fit_iou_true_masks"] > 0.8
    assert "target" in capsys.readouterr().out
