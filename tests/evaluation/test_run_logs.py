"""Logs that grow, break off, start anew; sweeps."""

from __future__ import annotations

import json
import os

import pytest
from metric_files import log_line, sweep, write_log, write_sweep

from ewardrobe.evaluation.run_logs import (
    LIVE_SECONDS,
    RunFile,
    RunLog,
    find_runs,
    find_sweeps,
    points,
    quantities,
    read_sweep,
    summary,
)


def log_of(path, *lines: str) -> RunLog:
    path.write_text("".join(lines))
    log = RunLog(path)
    log.update()
    return log


def steps(rows: list[dict]) -> list[int]:
    return [row["step"] for row in rows]


def test_a_log_is_split_into_training_and_validation(tmp_path):
    write_log(tmp_path / "log.jsonl")
    log = RunLog(tmp_path / "log.jsonl")
    assert log.update()
    assert steps(log.training) == list(range(25, 201, 25))
    assert log.validation[-1] | {"mask_ap": 0.2, "images": 3200} == log.validation[-1]
    assert quantities(log.training) == ["loss", "lr", "images_per_s", "bce"]
    assert quantities(log.validation) == ["mask_ap", "garment_iou_worn"]


def test_a_growing_log_is_read_on(tmp_path):
    path = tmp_path / "log.jsonl"
    log = log_of(path, log_line(25, 10, loss=1.0))
    assert not log.update()
    half, rest = (line := log_line(50, 20, loss=0.5))[:20], line[20:]
    with open(path, "a") as file:
        file.write(half)
        file.flush()
        assert not log.update()  # half a line says nothing yet
        file.write(rest)
    assert log.update()
    assert steps(log.training) == [25, 50]
    assert log.bad_lines == 0


def test_a_replaced_log_is_read_from_its_beginning(tmp_path):
    path = tmp_path / "log.jsonl"
    log = log_of(path, *(log_line(step, step, loss=1.0) for step in (25, 50, 75)))
    path.write_text(log_line(25, 5, loss=9.0))
    assert log.update()
    assert [row["loss"] for row in log.training] == [9.0]


def test_a_resumed_run_does_its_last_steps_again_and_its_clock_goes_on(tmp_path):
    log = log_of(
        tmp_path / "log.jsonl",
        log_line(100, 600, loss=3.0),
        log_line(125, 750, loss=2.0),
        log_line(130, 780, val={"mask_ap": 0.1}),
        log_line(125, 60, loss=2.5),  # resumed from the checkpoint at step 100
        log_line(150, 120, val={"mask_ap": 0.2}),
    )
    assert steps(log.training) == [100, 125]
    assert log.training[-1]["loss"] == 2.5
    assert steps(log.validation) == [150]
    assert log.training[-1]["minutes"] == pytest.approx((780 + 60) / 60)


def test_lines_that_are_no_records_are_counted_and_passed_over(tmp_path):
    log = log_of(tmp_path / "log.jsonl", "{\n", "\n", '{"loss": 1}\n', "3\n", log_line(25, 1, loss=1.0))
    assert steps(log.training) == [25]
    assert log.bad_lines == 3


def test_a_log_that_is_not_there_has_no_news(tmp_path):
    log = RunLog(tmp_path / "none.jsonl")
    assert not log.update()
    assert not log.live()


def test_runs_are_found_in_both_folders(tmp_path):
    write_log(tmp_path / "runs/unet-long/log.jsonl")
    write_log(tmp_path / "weights/unet.log.jsonl")
    runs = find_runs(tmp_path / "runs", tmp_path / "weights")
    assert [(run.label, run.shipped) for run in runs] == [("unet (shipped)", True), ("unet-long", False)]
    assert find_runs(tmp_path / "nothing", tmp_path / "nothing") == []


def test_a_run_is_summed_up(tmp_path):
    write_log(tmp_path / "unet/log.jsonl", steps=200)
    run = RunFile("unet", False, tmp_path / "unet/log.jsonl")
    log = RunLog(run.path)
    assert summary(run, log)["Steps"] is None
    log.update()
    row = summary(run, log)
    assert row["State"] == "training"
    assert (row["Images seen"], row["Best validation mask AP"], row["Last loss"]) == (3200, 0.2, 0.5)
    old = run.path.stat().st_mtime - LIVE_SECONDS - 5
    os.utime(run.path, (old, old))
    assert summary(run, log)["State"] == "ended"


def test_a_sweep_is_read(tmp_path):
    write_sweep(tmp_path / "first.json")
    found = read_sweep(tmp_path / "first.json")
    assert (found.name, found.problem, found.params) == ("first", None, ["lr", "optimizer", "augment"])
    assert len(found.trials) == 12
    assert len(found.finished()) == 9  # 3 and 7 were pruned, 11 failed
    assert found.best()["number"] == 6  # the greatest value, 0.1 + 0.02 * 6
    assert found.trials.set_index("number").loc[3, "reached"] == pytest.approx(0.16)  # pruned at its second value


def test_sweeps_of_the_runs_come_before_shipped_ones_of_the_same_name(tmp_path):
    for folder, names in (("weights", "ab"), ("runs", "bc")):
        (tmp_path / folder / "sweeps").mkdir(parents=True)
        for name in names:
            (tmp_path / folder / "sweeps" / f"{name}.json").write_text(json.dumps(sweep(2) | {"name": folder + name}))
    assert [s.name for s in find_sweeps(tmp_path / "runs", tmp_path / "weights")] == ["weightsa", "runsb", "runsc"]
    assert find_sweeps(tmp_path / "none", tmp_path / "nothing") == []


def test_points_are_the_rows_with_both():
    rows = [{"images": 1, "mask_ap": 0.5}, {"images": 2}, {"images": 3, "mask_ap": 1}]
    assert points(rows, "images", "mask_ap") == [(1.0, 0.5), (3.0, 1.0)]


def test_a_sweep_without_a_finished_trial_has_no_best(tmp_path):
    content = sweep(1) | {"importance": None}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert read_sweep(tmp_path / "a.json").best() is None
    (tmp_path / "b.json").write_text(json.dumps(content | {"trials": []}))
    empty = read_sweep(tmp_path / "b.json")
    assert (empty.best(), empty.importance, empty.params, empty.problem) == (None, {}, [], None)


@pytest.mark.parametrize("content", ["{", "[]", '{"trials": 3}', '{"trials": [{"number": 1}]}'])
def test_a_broken_sweep_is_a_problem(tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    found = read_sweep(tmp_path / "x.json")
    assert "run the sweep again" in found.problem
    assert found.trials.empty
