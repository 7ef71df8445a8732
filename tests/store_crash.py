"""Kills a writer of the wardrobe at random moments; run by test_feature_store.py as its own process.

    python tests/store_crash.py HOME KILLS

A child is forked from a process that has everything imported, writes in a loop and reports each finished write through
a pipe.  After SIGKILL the file must hold the last reported write, or the one that was under way.
"""

import os
import random
import select
import signal
import sys
import time
from pathlib import Path

import numpy as np

from ewardrobe.feature_store.store import FeatureStore

CUTOUT = np.full((8, 6, 4), 255, np.uint8)


def write_for_ever(home: Path, item_id: str, start: int, pipe: int) -> None:
    store = FeatureStore(home)
    for number in range(start, 10**9):
        store.update(item_id, number=number, notes=f"write {number} " + "x" * (number % 5000))
        os.write(pipe, b"%d\n" % number)
        if number % 5 == 0:
            store.remove(store.add({"type": "bag"}, CUTOUT + np.uint8(number % 200)))


def write_until_killed(home: Path, item_id: str, start: int, seconds: float) -> int:
    """Fork a writer, kill it ``seconds`` after its first write, return the last write that it reported."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            write_for_ever(home, item_id, start, write_end)
        finally:
            os._exit(1)
    os.close(write_end)
    select.select([read_end], [], [], 20)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the writer ended by itself: it met an error"
    with os.fdopen(read_end) as reports:
        return int(reports.read().split("\n")[-2])


def main(home: Path, kills: int) -> None:
    random.seed(7)
    store = FeatureStore(home)
    item_id, number = store.add({"type": "shirt", "number": 0, "notes": "write 0 "}), 0
    for kill in range(kills):
        reported = write_until_killed(home, item_id, number + 1, random.uniform(0, 0.03))
        item = store.get(item_id)
        number = item["number"]
        assert number in (reported, reported + 1), f"kill {kill}: reported {reported}, the file has {number}"
        assert item["notes"].startswith(f"write {number} "), f"kill {kill}: fields of two writes mixed"
        assert len(item["notes"]) == len(f"write {number} ") + number % 5000
        broken = [path.name for path in store.backups() if b"}\n" not in path.read_bytes()[-2:]]
        assert not broken, f"kill {kill}: backups {broken}"
    store.update(item_id, notes="the end")
    leftovers = [path for path in home.rglob("*.tmp") if path.parent != store.images]
    assert not leftovers, f"temporary files that nobody removed: {leftovers}"
    print(f"{kills} kills, {number} writes, file always readable")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
