"""Logs of trainings and results of sweeps: read as they grow, whole or broken, into tables.

A log is ``runs/NAME/log.jsonl`` (or ``weights/NAME.log.jsonl`` of a shipped run): lines ``{step, images, seconds,
images_per_s, loss, …}`` while training and ``{step, images, seconds, val: {measure: value}}`` at each validation;
``seconds`` starts anew whenever the run is resumed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

LIVE_SECONDS = 180
"""A log that was written to within this time belongs to a training that goes on."""

SHIPPED_SUFFIX = ".log.jsonl"
TRIAL_COLUMNS = ["number", "value", "state", "seconds", "reached"]


@dataclass(frozen=True)
class RunFile:
    """A log to read: the run's name, whether its result is what ships, its path."""

    name: str
    shipped: bool
    path: Path

    @property
    def label(self) -> str:
        """The name to show."""
        return f"{self.name} (shipped)" if self.shipped else self.name


def find_runs(runs: Path, weights: Path) -> list[RunFile]:
    """Return the logs of the shipped runs in ``weights`` and of all runs in ``runs``, by name."""
    shipped = [
        RunFile(p.name.removesuffix(SHIPPED_SUFFIX), True, p) for p in sorted(weights.glob(f"*{SHIPPED_SUFFIX}"))
    ]
    return shipped + [RunFile(p.parent.name, False, p) for p in sorted(runs.glob("*/log.jsonl"))]


@dataclass
class RunLog:
    """A log that is read on from where it was left: ``update`` costs only what was written since.

    training, validation: a dictionary for each line, in the order of their steps.  bad_lines: lines that are no record.
    """

    path: Path
    training: list[dict] = field(default_factory=list)
    validation: list[dict] = field(default_factory=list)
    bad_lines: int = 0
    _offset: int = 0
    _inode: int = 0
    _earlier_seconds: float = 0.0
    _last_seconds: float = 0.0

    def update(self) -> bool:
        """Read what is new; tells whether anything was.  A log that was replaced or cut is read from its beginning."""
        try:
            stat = self.path.stat()
        except OSError:
            return False
        if stat.st_size < self._offset or (self._inode and stat.st_ino != self._inode):
            vars(self).update(vars(RunLog(self.path)))
        self._inode = stat.st_ino
        with open(self.path, "rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]  # the last line may be half written
        self._offset += len(whole)
        for line in whole.splitlines():
            self._add(line)
        return bool(whole)

    def _add(self, line: bytes) -> None:
        try:
            record = json.loads(line)
            step, seconds = int(record["step"]), float(record.get("seconds", self._last_seconds))
        except (ValueError, KeyError, TypeError):
            self.bad_lines += bool(line.strip())
            return
        if seconds < self._last_seconds:  # resumed: its clock started anew
            self._earlier_seconds += self._last_seconds
        self._last_seconds = seconds
        record["minutes"] = (self._earlier_seconds + seconds) / 60
        for rows, limit in ((self.training, step + ("val" in record)), (self.validation, step)):
            while rows and rows[-1]["step"] >= limit:  # a resumed run does steps since its last checkpoint again
                rows.pop()
        if "val" in record:
            self.validation.append({k: v for k, v in record.items() if k != "val"} | _numbers(record["val"]))
        else:
            self.training.append(record)

    def live(self) -> bool:
        """Tell whether a training seems to be writing it."""
        try:
            return time.time() - self.path.stat().st_mtime < LIVE_SECONDS
        except OSError:
            return False


def _numbers(values) -> dict[str, float]:
    items = values.items() if isinstance(values, dict) else ()
    return {k: v for k, v in items if isinstance(v, int | float)}


def quantities(rows: list[dict]) -> list[str]:
    """Return the names of what ``rows`` measure, in the order of their first appearance."""
    names = dict.fromkeys(k for row in rows for k, v in row.items() if isinstance(v, int | float))
    return [name for name in names if name not in ("step", "images", "seconds", "minutes")]


def summary(run: RunFile, log: RunLog) -> dict:
    """Return one row on a run: state, steps, images seen, hours, best mask AP, last loss, speed."""
    last = max([*log.training[-1:], *log.validation[-1:]], key=lambda row: row["step"], default={})
    scores = [row["mask_ap"] for row in log.validation if "mask_ap" in row]
    training = log.training[-1] if log.training else {}
    return {
        "Run": run.label,
        "State": "training" if log.live() and not run.shipped else "ended",
        "Steps": last.get("step"),
        "Images seen": last.get("images"),
        "Hours": round(last["minutes"] / 60, 2) if last else None,
        "Best validation mask AP": max(scores, default=None),
        "Last loss": training.get("loss"),
        "Images/s": training.get("images_per_s"),
    }


@dataclass(frozen=True)
class SweepTable:
    """The trials of a study.

    trials: number, value (mask AP), state, seconds, ``reached`` (the last value of a trial, stopped or not) and a
    column ``params.NAME`` for each setting.  importance: share of each setting in the differences between the trials,
    0..1.  problem: why there is nothing.
    """

    name: str
    trials: pd.DataFrame
    importance: dict[str, float]
    maximise: bool = True
    problem: str | None = None

    @property
    def params(self) -> list[str]:
        """The names of the settings that were varied."""
        return [c.removeprefix("params.") for c in self.trials.columns if c.startswith("params.")]

    def best(self) -> pd.Series | None:
        """Return the best finished trial, ``None`` without one."""
        done = self.finished()
        if done.empty:
            return None
        return done.loc[done["value"].idxmax() if self.maximise else done["value"].idxmin()]

    def finished(self) -> pd.DataFrame:
        """Return the trials that ran to their end."""
        return self.trials[(self.trials["state"] == "complete") & self.trials["value"].notna()]


def points(rows: Iterable[dict], x: str, y: str) -> list[tuple[float, float]]:
    """Return the (x, y) of the rows that have both."""
    return [(float(row[x]), float(row[y])) for row in rows if x in row and y in row]


def find_sweeps(runs: Path, weights: Path) -> list[SweepTable]:
    """Return the sweeps of ``runs/sweeps`` and the shipped ones of ``weights/sweeps``.

    One that cannot be read has a ``problem`` and no trials; of two with one name the one in ``runs`` counts, it may be
    going on.
    """
    found = {path.stem: path for folder in (weights, runs) for path in (folder / "sweeps").glob("*.json")}
    return [read_sweep(found[name]) for name in sorted(found)]


def read_sweep(path: Path) -> SweepTable:
    """Return the sweep in ``path``, as ``python -m train.sweep`` writes it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        trials = [_trial(trial) for trial in content["trials"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{path.name} cannot be read ({type(error).__name__}: {error}): run the sweep again to write it anew"
        return SweepTable(path.stem, pd.DataFrame(columns=TRIAL_COLUMNS), {}, problem=reason)
    maximise = str(content.get("direction", "maximize")).lower().startswith("max")
    table = pd.DataFrame(trials, columns=None if trials else TRIAL_COLUMNS)
    return SweepTable(str(content.get("name", path.stem)), table, _numbers(content.get("importance")), maximise)


def _trial(trial: dict) -> dict:
    steps = trial.get("intermediate") or []
    return {
        "number": trial["number"],
        "value": trial["value"],
        "state": str(trial["state"]).lower(),
        "seconds": trial.get("seconds"),
        "reached": steps[-1][1] if steps and trial["value"] is None else trial["value"],
        **{f"params.{name}": value for name, value in trial["params"].items()},
    }
