"""The measures of the live view, on signals whose answer is known, and the command on a short run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from stand_ins import StandIn

from ewardrobe import __main__ as cli
from ewardrobe.app.metrics.benchmarks import read_live
from ewardrobe.commands.benchmark import live
from ewardrobe.core.detections import Detections
from ewardrobe.evaluation.benchmarks import calm, clips, fit, ratio
from ewardrobe.evaluation.figures.live import TARGETS, clip_table, rows, speed_quality
from ewardrobe.models import NETWORKS
from ewardrobe.tryon.motion import move_points
from ewardrobe.tryon.session import SIZES


def anchors_of(kind: str, late: float, count: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """Four anchors that follow a clip's motions ``late`` frames behind, and the motions."""
    at = np.float64([[250, 150], [390, 150], [250, 330], [390, 330]])
    size = clips.SIZE
    path = [move_points(at, clips.motion_at(kind, max(0, i - late) / 30, size)) for i in range(count)]
    return np.stack(path), np.stack([clips.motion_at(kind, i / 30, size) for i in range(count)])


@pytest.mark.parametrize("kind", ["pan", "zoom", "shake"])
@pytest.mark.parametrize("late", [0.0, 1.5, 4.0])
def test_a_known_lag_is_found(kind, late):
    assert calm.lag(*anchors_of(kind, late)) == pytest.approx(late, abs=0.15)


@pytest.mark.parametrize("kind", ["still", "pan", "shake"])
def test_jitter_is_what_a_known_motion_and_a_known_lag_do_not_explain(kind):
    path, motions = anchors_of(kind, 2.0)
    noise = np.random.default_rng(0).normal(0, 0.4, path.shape)
    figures = calm._calm(list(path + noise), motions, kind)
    assert figures["jitter_px_rms"] == pytest.approx(0.4 * 2**0.5, abs=0.12)
    assert figures["lag_frames"] == (None if kind == "still" else pytest.approx(2.0, abs=0.15))


def test_a_garment_that_is_missing_too_often_says_nothing_about_calm():
    path, motions = anchors_of("pan", 0.0, 60)
    figures = calm._calm([points if i % 3 else None for i, points in enumerate(path)], motions, "pan")
    assert figures["seen"] == pytest.approx(2 / 3)
    assert figures["jitter_px_rms"] is None and figures["lag_frames"] is None


def test_overshoot_is_what_goes_beyond_the_stop():
    times = np.arange(240) / 30
    truth = np.minimum(times, 1.0) * 50
    path = truth + np.where((times > 1) & (times < 1.3), 7.0, 0.0)
    assert calm.overshoot(path + 100, truth) == pytest.approx(7.0)
    assert calm.overshoot(truth + 100, truth) == pytest.approx(0.0, abs=1e-9)


def test_figures_of_clips_are_means_and_the_worst_overshoot():
    rows = [
        {"source": "photo", "kind": "stop"} | dict.fromkeys(calm.FIGURES, value) | {"lag_frames": None}
        for value in (1.0, 3.0)
    ]
    (summary,) = calm.summaries(rows, ["source", "kind"])
    assert (summary["pictures"], summary["fit_iou"], summary["overshoot_px"]) == (2, 2.0, 3.0)
    assert summary["lag_frames"] is None


def test_a_photo_is_framed_with_its_garment_large_and_in_the_middle():
    picture, mask = np.full((300, 200, 3), 60, np.uint8), np.zeros((300, 200), bool)
    mask[200:290, 20:80] = True
    picture[mask] = (250, 20, 20)
    shown, there = clips.framed(picture, mask)
    ys, xs = np.nonzero(there)
    assert shown.shape == (480, 640, 3) and np.ptp(ys) == pytest.approx(0.55 * 480, abs=6)
    assert (xs.mean(), (ys.min() + ys.max()) / 2) == pytest.approx((320, 0.58 * 480), abs=3)
    assert (shown[there] == (250, 20, 20)).all(axis=1).mean() > 0.95 and (shown[~there][:, 0] > 240).mean() < 0.05


def test_a_hand_passes_in_front_of_the_middle():
    hands = [frame.hand for frame in clips.moved(np.zeros((240, 320, 3), np.uint8), "hand", 90, fps=15)]
    share = np.mean(hands, axis=0)
    assert 0.02 < hands[0].mean() < 0.2 and 0 < share[180, 160] < 1
    picture = next(clips.moved(np.zeros((240, 320, 3), np.uint8), "hand", 1)).image
    assert picture[hands[0]].mean() > 80 and picture[~hands[0]].mean() < 10


@pytest.mark.parametrize("kind", clips.MOTIONS)
def test_the_clips_truth_is_where_the_picture_went(kind):
    picture = np.zeros((120, 160, 3), np.uint8)
    picture[55:65, 75:85] = 255
    for i, frame in enumerate(clips.moved(picture, kind, 20)):
        if kind == "hand" or i % 7:
            continue
        grey = frame.image.mean(axis=2)
        ys, xs = np.nonzero(grey > 100)
        expected = move_points(np.array([[79.5, 59.5]]), frame.motion)[0]
        assert (xs.mean(), ys.mean()) == pytest.approx(tuple(expected), abs=0.7)


def test_an_unknown_motion_is_refused():
    with pytest.raises(ValueError, match="still, noise, light"):
        clips.motion_at("jump", 0, (10, 10))


class Blind(StandIn):
    """A model that sees nothing."""

    def predict(self, image, min_score):
        return Detections.empty(*image.shape[:2])

    def parse(self, image):
        return np.zeros((18, image.shape[0] // 2, image.shape[1] // 2), np.float32)

    def garments(self, parsing, image_size, min_score):
        return Detections.empty(*image_size)


def test_fit_with_perfect_masks_is_nearly_perfect_and_bad_models_are_not():
    found = fit.fit_quality(list(fit.rendered_cases(3)), Blind(), Blind())
    assert found["garments"] >= 3
    assert found["fit_iou"] == found["fit_iou_standing"] == 0 and found["old_showing"] == 1
    assert found["undressed"] == found["undressed_standing"] == 1 and found["undressed_true_masks"] == 0
    assert found["fit_iou_true_masks"] >= 0.9
    assert found["wrongly_covered_true_masks"] <= 0.03 and found["old_showing_true_masks"] <= 0.05
    assert fit.fit_quality([], Blind(), Blind())["fit_iou"] is None


@pytest.mark.parametrize("size", [(400, 200), (200, 400), (480, 640)])
def test_a_standing_person_is_whole_in_the_cameras_frame(size):
    image, mask = np.full((*size, 3), 40, np.uint8), np.zeros(size, bool)
    mask[size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = True
    image[mask] = 240
    shown = fit.standing(fit.FitCase(image, mask, mask.astype(np.uint8) * 14, 1))
    assert shown.image.shape == (480, 640, 3) and shown.mask.shape == shown.parsing.shape == (480, 640)
    scale = min(480 / size[0], 640 / size[1])
    assert shown.mask.sum() == pytest.approx(mask.sum() * scale**2, rel=0.03)
    assert (shown.image[shown.mask] > 200).mean() > 0.95 and (shown.parsing[shown.mask] == 14).mean() > 0.95
    np.testing.assert_allclose(np.argwhere(shown.mask).mean(axis=0)[0], 240 - scale * size[0] / 8, atol=1)


def test_rows_judge_against_the_targets():
    found = {row["figure"]: row for row in rows({"compositor_ms": {"median": 7.0, "p95": 20.0}, "output_fps": 25})}
    assert len(found) == len(TARGETS)
    assert found["compositor, median"]["met"] == "yes" and found["compositor, 95th percentile"]["met"] == "no"
    assert found["output, of 30"]["met"] == "yes" and found["jitter, still picture"]["met"] == "–"


def test_speed_against_quality_is_drawn_with_the_cameras_pace():
    table = [{"model": "unet", "size": 192, "frame_ms": 20.0, "fit_iou": 0.5}] * 2
    chart = speed_quality({"speed_quality": table})
    assert chart.data["pictures a second"].tolist() == [50.0, 50.0]
    assert "U-Net" in chart.figure.data[0].name and chart.figure.layout.shapes
    assert speed_quality({"speed_quality": []}) is None and speed_quality({}) is None


def test_clips_are_a_table_in_words():
    row = {"source": "photo", "kind": "still", "pictures": 3} | dict.fromkeys(calm.FIGURES, 0.5)
    table = clip_table({"clips": [row | {"lag_frames": None}]})
    assert table["clip"].tolist() == ["still, camera noise"] and table["lag, frames"].isna().all()
    assert clip_table({}).empty


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
        (["--clip", "missing.mp4"], "no such file"),
        (["--data", "nowhere"], "DeepFashion2's layout"),
        (["--seconds", "1"], "--seconds from 2"),
    ],
)
def test_wrong_arguments_say_what_is_expected(words, said, capsys):
    assert cli.main(["benchmark", "live", *words]) == 2
    assert said in capsys.readouterr().err


def test_speed_and_quality_of_a_model_at_its_sizes():
    cases, blind = list(fit.rendered_cases(1)), Blind()
    blind.at = lambda size: blind
    table = fit.speed_quality({"unet": blind, "yolo": Blind()}, blind, cases)
    assert [(row["model"], row["size"]) for row in table] == [(m, s) for m in ("unet", "yolo") for s in SIZES.values()]
    assert all(row["fit_iou"] == 0 and row["frame_ms"] > 0 for row in table)
    assert fit.speed_quality({"yolo": blind}, blind, []) == []


@pytest.fixture
def quick(monkeypatch):
    """Short clips of three kinds, and one person to choose from."""
    monkeypatch.setattr(clips, "MOTIONS", ("still", "hand", "pan", "stop"))
    monkeypatch.setattr(calm, "WARM_SECONDS", 1.0)
    monkeypatch.setattr(calm, "MISSED", 0.8)  # a busy machine sees late, which is not what is asked here
    monkeypatch.setattr(calm, "CANDIDATES", 2)
    monkeypatch.setattr(live, "CLIP_SECONDS", 1.0)
    monkeypatch.setattr(live, "FEW", 1)
    monkeypatch.setattr(ratio, "ROUNDS", 2)
    monkeypatch.setattr(ratio, "UNCOUNTED", 1)


def test_the_whole_benchmark_writes_its_figures(tmp_path, capsys, quick):
    path = tmp_path / "live.json"
    assert cli.main(["benchmark", "live", "--seconds", "2", "--photos", "1", "--json", str(path)]) == 0
    result = json.loads(path.read_text())
    keys = "compositor_ms output_fps inference_hz result_age_ms_p95 ratio_to_ultralytics jitter_px_rms lag_frames \
        overshoot_px fit_iou wrongly_covered old_showing memory_growth_mb ratio_to_ultralytics_openvino"
    assert [key for key in keys.split() if result.get(key) is None] == [], "a drawn person is seen, nothing is missing"
    assert result["compositor_ms"]["p95"] >= result["compositor_ms"]["median"] > 0 and result["dressed"] > 0.5
    assert result["ratio_to_ultralytics"] > 0 and result["fit_iou_true_masks"] > 0.8
    assert [row["kind"] for row in result["clips"]] == ["still", "hand", "pan", "stop"]
    assert {row["model"] for row in result["speed_quality"]} == set(NETWORKS)
    said = capsys.readouterr().out
    assert "target" in said and "from side to side" in said
