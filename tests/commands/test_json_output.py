"""What a command prints with ``--json`` is JSON alone, with the shipped model and a fresh settings folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from ewardrobe.core.images import jpeg_bytes
from ewardrobe.datasets.synthetic.samples import SAMPLES


def test_digitize_prints_nothing_but_json_lines(tmp_path, repository):
    (tmp_path / "photo.jpg").write_bytes(jpeg_bytes(SAMPLES["person in red t-shirt and jeans"]().image))
    command = [sys.executable, "-m", "ewardrobe", "digitize", str(tmp_path / "photo.jpg"), "--json", "--model", "yolo"]
    own = {"EWARDROBE_CACHE": str(tmp_path / "cache"), "EWARDROBE_HOME": str(tmp_path / "home")}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("YOLO_")} | own
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=True)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    colours = {item["type"]: item["colours"][0]["name"] for item in found}
    assert (colours["short sleeve top"], colours["trousers"]) == ("red", "blue")
