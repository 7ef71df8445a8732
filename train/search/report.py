"""The results of a sweep as JSON, which the metrics page draws."""

from __future__ import annotations

import json
import math
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from ewardrobe.core import atomic
from train.loop.config import flag

MIN_TRIALS = 4
"""With fewer finished trials the importance of a flag is chance."""


def write(path: Path, study: optuna.Study) -> None:
    """Write the study to ``path`` as plain values; readers never see a part of it.

    ``trials`` holds for each its ``number``, ``state``, ``value`` (best mask AP on the validation photos, ``None``
    unless complete), ``params``, ``config`` (all searched flags as they were used), ``intermediate`` as pairs of images
    seen and mask AP, ``seconds``, ``started``, ``images_per_s`` (validation included) and, if it failed, ``error``; a
    failed one without an error was interrupted.  ``importance``: share of each
    flag in the differences between trials, by PED-ANOVA (Watanabe et al., IJCAI 2023), ``None`` with few trials.
    """
    trials, about = study.get_trials(deepcopy=False), study.user_attrs
    done = [t for t in trials if t.state == TrialState.COMPLETE]
    results = {
        "name": study.study_name,
        "metric": "mask_ap",
        "direction": "maximize",
        **about,
        "best": study.best_trial.number if done else None,
        "importance": _importance(study, done),
        "trials": [_trial(t, about["images"] / about["rungs"]) for t in trials if t.state != TrialState.WAITING],
        "updated": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, (json.dumps(results, indent=1, allow_nan=False) + "\n").encode())


def summary(study: optuna.Study) -> str:
    """Return the best trial in one line, as flags."""
    trials = [t for t in study.get_trials(deepcopy=False) if t.state != TrialState.WAITING]
    if not any(t.state == TrialState.COMPLETE for t in trials):
        return f"{study.study_name}: no trial was completed"
    best = study.best_trial
    values = best.user_attrs["config"].items()
    flags = " ".join(f"{flag(k)} {f'{v:.4g}' if isinstance(v, float) else v}" for k, v in values)
    found = f"best of {len(trials)} trials is {best.number}, mask AP {best.value:.4f}"
    return f"{study.study_name}: {found}: {flags}"


def _importance(study: optuna.Study, done: list[FrozenTrial]) -> dict[str, float] | None:
    """Return how much each flag matters, adding up to 1; ``None`` when the trials do not tell."""
    if len(done) < MIN_TRIALS or len({t.value for t in done}) == 1:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            shares = optuna.importance.get_param_importances(study)
        except (ValueError, RuntimeError):  # all trials had the same values
            return None
    return {k: round(float(v), 4) for k, v in shares.items()} if all(map(math.isfinite, shares.values())) else None


def _trial(trial: FrozenTrial, images_a_rung: float) -> dict[str, Any]:
    notes = trial.user_attrs
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "params": trial.params,
        "config": notes.get("config", {}),
        "intermediate": [[round(rung * images_a_rung), v] for rung, v in sorted(trial.intermediate_values.items())],
        "seconds": round(trial.duration.total_seconds(), 3) if trial.duration else None,
        "started": trial.datetime_start.isoformat(timespec="seconds") if trial.datetime_start else None,
        **{k: notes[k] for k in ("error", "images_per_s") if k in notes},
    }
