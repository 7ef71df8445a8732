"""Two processes under torchrun's launcher train the same network as one process with twice the batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ddp_run import train

from train.loop import checkpoints

REPOSITORY = Path(__file__).resolve().parents[2]
STEPS = 3


@pytest.mark.slow
def test_two_processes_equal_one_with_twice_the_batch(tmp_path, monkeypatch, rendered_dataset):
    monkeypatch.chdir(tmp_path)
    script = str(REPOSITORY / "tests" / "ddp_run.py")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    two = subprocess.Popen(
        [sys.executable, script, str(rendered_dataset), "two", "2", str(STEPS)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    one = train(str(rendered_dataset), "one", 4, STEPS)
    output, _ = two.communicate(timeout=240)
    assert two.returncode == 0, output
    content = checkpoints.load(tmp_path / "runs" / "two" / "last.pt", "tiny-checkpoint")
    assert (content["step"], content["images"]) == (STEPS, one.images) == (STEPS, 4 * STEPS)
    for part, expected in (("model", one.model.state_dict()), ("ema", one.average.module.state_dict())):
        for key, value in content[part].items():
            torch.testing.assert_close(value, expected[key], rtol=1e-4, atol=1e-5, msg=f"{part} {key}")
    check_first_process_alone_reports(tmp_path / "runs" / "two", output, one)


def check_first_process_alone_reports(folder, output, one):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [STEPS, STEPS]
    expected = json.loads((one.folder / "log.jsonl").read_text().splitlines()[0])
    assert lines[0]["loss"] == pytest.approx(expected["loss"], rel=1e-4)  # the mean over the processes
    assert output.count(f"step {STEPS}/{STEPS}") == 1
