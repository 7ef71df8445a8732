"""Model cards and the README's figures: only from metrics of the very weights, nothing else in the README touched."""

from __future__ import annotations

import copy
import json

import pytest
from metric_files import CHOSEN, PHOTOS, chosen_by

from ewardrobe.evaluation import held_out
from ewardrobe.models.weights import WeightsError
from train import card
from train.cards import manifest, readme
from train.loop.config import FlagError

ENTRY = {
    "file": "unet.pt", "bytes": 1234, "sha256": "a" * 64, "licence": "AGPL-3.0", "data": "photos", "images": 160,
    "steps": 10, "command": "python -m train.unet", "commit": "c" * 40, "date": "2026-11-23",
    "photos": [{"purpose": "checkpoint", "data": "drawn", "split": "validation", "images": 2,
                "list": held_out.digest(CHOSEN)}],
}  # fmt: skip
METRICS = {
    "overall": {"mask_ap_min10": 0.25, "mask_ap50_min10": 0.5, "box_ap_min10": None, "miou": 0.125},
    "overall_ci": {"mask_ap_min10": [0.2, 0.31]},
    "cuts": {"worn": {"garment_iou": 0.75, "mask_ap_min10": 0.4, "recall": 0.8, "recall_any_name": 0.9,
                      "precision": 0.7}, "not_worn": {"garment_iou": None}},
    "cuts_ci": {"worn": {"garment_iou": [0.7, 0.8]}},
    "per_category": [{"name": "sling", "instances": 0, "mask_ap": None, "mask_ap50": None}],
    "speed": {"ms_median": 12.4, "cut_ms_median": 31.6, "refined_ms_median": 112.3, "threads": 2},
    "meta": {
        "weights_sha256": "a" * 64, "images": 7, "data": "photos", "split": "test", "date": "2026-11-23T10:00:00",
        "role": "test", "photos": held_out.packed(PHOTOS), "machine": {"processor": "CPU"},
        "command": "python -m ewardrobe evaluate",
    },
}  # fmt: skip


VALIDATED = METRICS | {
    "overall": {"mask_ap_min10": 0.875, "mask_ap50_min10": None},
    "cuts": {"worn": {"garment_iou": 0.9}, "not_worn": {}},
    "meta": METRICS["meta"] | {"split": "validation", "role": "validation", "photos": held_out.packed(CHOSEN)},
}


@pytest.fixture(autouse=True)
def chosen(tmp_path):
    """A manifest that says by which photos the U-Net was chosen."""
    chosen_by(tmp_path)
    manifest.write_json(tmp_path / "manifest.json", {"models": {"unet": ENTRY}})


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
    assert "| mask AP | 0.250 (0.20–0.31) | 0.250 (0.20–0.31) |" in table
    assert "| garment IoU, worn | 0.750 (0.70–0.80) | 0.750 (0.70–0.80) |" in table
    assert "| a photo, ms: garments found | 12 | 12 |" in table and "| a photo, ms: and refined | 112 | 112 |" in table
    assert "box AP" not in table  # nobody measured it
    assert table.splitlines()[0] == "| | U-Net | YOLO-seg nano |"


def test_the_validation_stands_small_beside_the_test():
    table = readme.figures({"unet": METRICS, "yolo": METRICS}, {"yolo": VALIDATED})
    assert "| mask AP | 0.250 (0.20–0.31) | 0.250 (0.20–0.31)<br><sub>0.875</sub> |" in table
    assert "| mask AP50 | 0.500 | 0.500 |" in table  # nobody measured it there
    text = card.card("unet", ENTRY, METRICS, "", VALIDATED).replace("\n", " ")
    assert "split test, by which nothing was trained or chosen" in text
    assert "0.750 (0.70–0.80)<br><sub>0.900</sub>" in text and readme.BESIDE in text
    assert "sub>" not in card.card("unet", ENTRY, METRICS, "")


def test_card_and_readme_say_what_it_means_and_what_a_photo_takes():
    new = readme.update(f"{readme.BEGIN}\n{readme.END}", {"unet": METRICS, "yolo_s": METRICS}).replace("\n", " ")
    takes = (
        "With YOLO-seg small a photo takes 32 ms until its garments are cut out (12 of them to find them), and 112 ms"
    )
    means = "of ten garments on a person, 8 are found with the right name"
    assert takes in new and means in new
    text = card.card("unet", ENTRY, METRICS, "").replace("\n", " ")
    assert "With U-Net a photo takes 32 ms" in text and means in text


def test_a_busy_machine_is_told():
    assert "busy" not in readme.provenance(METRICS)
    busy = METRICS | {"meta": METRICS["meta"] | {"machine": {"processor": "CPU", "cores": 2, "load_average": 11.6}}}
    assert "(CPU, 2 threads, busy: load 12 on 2 cores, so its times are not shown)" in readme.provenance(busy)
    assert "a photo, ms" not in readme.figures({"unet": busy}) and not readme.photo_time("unet", busy)
    quiet = VALIDATED | {"speed": METRICS["speed"] | {"ms_median": 7.7}}
    assert "| a photo, ms: garments found | 8 |" in readme.figures({"unet": busy}, {"unet": quiet})
    assert "(8 of them to find them)" in readme.photo_time("unet", busy, quiet)


def test_a_model_without_a_test_has_no_large_figure_beside_those_with_one():
    large, small = card._of_one_kind(
        {"unet": (METRICS, None), "yolo": (VALIDATED, None), "yolo_s": (METRICS, VALIDATED)}
    )
    assert list(large) == ["unet", "yolo_s"] and list(small) == ["yolo", "yolo_s"]
    table = readme.figures(large, small)
    assert "| mask AP | 0.250 (0.20–0.31) | –<br><sub>0.875</sub> | 0.250 (0.20–0.31)<br><sub>0.875</sub> |" in table
    assert card._of_one_kind({"unet": (VALIDATED, None)}) == ({"unet": VALIDATED}, {})


def test_without_a_test_the_validation_is_large_and_says_that_it_flatters(tmp_path):
    (tmp_path / "unet.validation.json").write_text(json.dumps(VALIDATED))
    large, small = manifest.read_figures("unet", ENTRY, tmp_path)
    assert large == VALIDATED and small is None
    assert "so these figures flatter" in readme.provenance(large)
    (tmp_path / "unet.metrics.json").write_text(json.dumps(METRICS))
    assert manifest.read_figures("unet", ENTRY, tmp_path) == (METRICS, VALIDATED)
    (tmp_path / "unet.metrics.json").write_text(json.dumps(VALIDATED))
    with pytest.raises(WeightsError, match="no test: of the 2 photos were used 2 for checkpoint of unet"):
        manifest.read_figures("unet", ENTRY, tmp_path)


def test_card_names_file_checksum_command_and_empty_categories():
    text = card.card("unet", ENTRY, METRICS, "What more would bring.")
    assert "a" * 64 in text
    assert "160 images seen in 10 steps" in text
    assert "| sling | 0 | – | – | 0.20 |" in text and "| shown from |" in text
    assert "What more would bring." in text
    assert "7 photos of photos, split test" in text


def test_the_card_of_a_consensus_says_what_it_is_made_of():
    entry = {key: value for key, value in ENTRY.items() if key != "steps"} | {"made_of": {"unet": "a", "yolo": "b"}}
    text = card.card("consensus", entry, METRICS, "What more would bring.").replace("\n", " ")
    assert "chosen on 160 photos for U-Net, YOLO-seg nano" in text
    assert "What its networks started from stands in their cards" in text


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
