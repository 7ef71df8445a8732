"""Model cards and the README's figures: only from metrics of the very weights, nothing else in the README touched."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from ewardrobe.models.weights import WeightsError
from train import card
from train.cards import manifest, readme
from train.loop.config import FlagError

ENTRY = {
    "file": "unet.pt", "bytes": 1234, "sha256": "a" * 64, "licence": "AGPL-3.0", "data": "photos", "images": 160,
    "steps": 10, "command": "python -m train.unet", "commit": "c" * 40, "date": "2026-11-23",
}  # fmt: skip
METRICS = {
    "overall": {"mask_ap_min10": 0.25, "mask_ap50_min10": 0.5, "box_ap_min10": None, "miou": 0.125},
    "cuts": {"worn": {"garment_iou": 0.75}, "not_worn": {"garment_iou": None}},
    "per_category": [{"name": "sling", "instances": 0, "mask_ap": None, "mask_ap50": None}],
    "speed": {"ms_median": 12.4, "threads": 2},
    "meta": {
        "weights_sha256": "a" * 64, "images": 7, "data": "photos", "split": "validation", "date": "2026-11-23T10:00:00",
        "machine": {"processor": "CPU"}, "command": "python -m ewardrobe evaluate",
    },
}  # fmt: skip


def test_metrics_of_other_weights_are_refused(tmp_path):
    metrics = copy.deepcopy(METRICS)
    (tmp_path / "unet.metrics.json").write_text(json.dumps(metrics))
    assert manifest.read_metrics("unet", ENTRY, tmp_path) == metrics
    metrics["meta"]["weights_sha256"] = "b" * 64
    (tmp_path / "unet.metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(WeightsError, match="measured on other weights"):
        manifest.read_metrics("unet", ENTRY, tmp_path)


def test_missing_metrics_say_how_to_measure(tmp_path):
    with pytest.raises(WeightsError, match="python -m ewardrobe evaluate"):
        manifest.read_metrics("unet", ENTRY, tmp_path)


def test_table_shows_what_was_measured_and_a_dash_for_what_was_not():
    table = readme.figures({"unet": METRICS, "yolo": METRICS})
    assert "| mask AP (categories with ≥ 10 garments) | 0.250 | 0.250 |" in table
    assert "| garment IoU, worn | 0.750 | 0.750 |" in table
    assert "box AP" not in table  # nobody measured it
    assert table.splitlines()[0] == "| | U-Net | YOLO-seg nano |"


def test_card_names_file_checksum_command_and_empty_categories():
    text = card.card("unet", ENTRY, METRICS, "What more would bring.")
    assert "a" * 64 in text
    assert "160 images seen in 10 steps" in text
    assert "| sling | 0 | – | – | 0.20 |" in text and "| shown from |" in text
    assert "What more would bring." in text
    assert "7 photos of photos, split validation" in text


def test_the_card_of_a_consensus_says_what_it_is_made_of():
    entry = {key: value for key, value in ENTRY.items() if key != "steps"} | {"made_of": {"unet": "a", "yolo": "b"}}
    text = card.card("consensus", entry, METRICS, card.more_training(Path("no.log.jsonl")))
    assert "chosen on 160 photos for U-Net, YOLO-seg nano" in text.replace("\n", " ")
    assert "No training of its own" in text and "stands in their cards" in text


def test_figures_of_a_consensus_of_other_networks_are_refused(tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"models": {"unet": {"sha256": "new"}}}))
    (tmp_path / "consensus.metrics.json").write_text(json.dumps(METRICS))
    with pytest.raises(WeightsError, match=r"other weights of unet.*train\.consensus"):
        manifest.read_metrics("consensus", ENTRY | {"made_of": {"unet": "old"}}, tmp_path)


def test_models_that_were_measured_alike_share_a_sentence():
    def measured(name, date="2026-11-23"):
        command = f"python -m ewardrobe evaluate --model {name} --refine"
        return METRICS | {"meta": METRICS["meta"] | {"command": command, "date": date}}

    same, later = readme.provenances(
        {n: measured(n) for n in ("unet", "yolo")} | {"mask_rcnn": measured("mask_rcnn", "2026-11-24")}
    )
    assert "evaluate --model MODEL --refine`" in same and same.endswith("(`MODEL`: `unet`, `yolo`.)")
    assert "2026-11-24" in later and later.endswith("(`MODEL`: `mask_rcnn`.)")


def test_only_the_part_between_the_markers_changes():
    new = readme.update(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n", {"unet": METRICS})
    assert new.startswith("before\n") and new.endswith("after\n")
    assert "old" not in new and "0.250" in new
    assert readme.update(new, {"unet": METRICS}) == new
    with pytest.raises(FlagError, match="lacks the lines"):
        readme.update("no markers", {"unet": METRICS})


def test_what_more_training_would_bring_is_read_off_the_log(tmp_path):
    log = tmp_path / "unet.log.jsonl"
    assert "too few validations" in card.more_training(log)
    curve = [(n, 0.8 / (1 + (50_000 / n) ** 1.5)) for n in range(10_000, 100_001, 10_000)]
    log.write_text("".join(json.dumps({"step": n // 16, "images": n, "val": {"mask_ap": s}}) + "\n" for n, s in curve))
    expected = 0.8 / (1 + 0.25**1.5)
    assert f"expects {expected:.2f} after 200,000 images" in card.more_training(log)


def test_the_card_says_what_the_training_started_from():
    assert "public weights `a.pt`" in card.start({"config": {"pretrained": "a.pt"}})
    from_unet = {"config": {"pretrained": ""}, "command": "python -m train.yolo --init weights/unet.pt --seed 4"}
    assert "from the U-Net's encoder" in card.start(from_unet)
    assert "from the U-Net's encoder" in card.start({"config": {"encoder": "yolov8s"}, "command": "python"})
    assert card.start({"config": {}, "command": "python -m train.yolo"}).startswith("No weights of others")
