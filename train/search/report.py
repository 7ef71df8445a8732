"""The results of a sweep as JSON, which the metrics page draws."""

from __future__ import annotations

import json
import math
import warnings
from datetime import UTC, datetime
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from ewardrobe.core import atomic

MIN_TRIALS = 4
"""With fewer finished trials the importance of a flag is chance."""


def write(path: Path, study: optuna.Study) -> None:
    """Write ``results`` to ``path``; readers never see a part of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, (json.dumps(results(study), indent=1, allow_nan=False) + "\n").encode())


def results(study: optuna.Study) -> dict:
    """Return the study as plain values.

    ``trials`` holds for each its ``number``, ``state``, ``value`` (best mask AP on the validation photos, ``None``
    unless complete), ``params``, ``config`` (all searched flags as they were used), ``intermediate`` as pairs of images
    seen and mask AP, ``seconds``, ``started``, ``images_per_s`` (validation included) and, if it failed, ``error``; a
    failed one without an error was interrupted.  ``importance``: share of each
    flag in the differences between trials, by PED-ANOVA (Watanabe et al., IJCAI 2023), ``None`` with few trials.
    """
    trials = study.get_trials(deepcopy=False)
    about = study.user_attrs
    done = [t for t in trials if t.state == TrialState.COMPLETE]
    return {
        "name": study.study_name,
        "metric": "mask_ap",
        "direction": "maximize",
        **about,
        "best": max(done, key=lambda t: t.value).number if done else None,
        "importance": importance(study, done),
        "trials": [_trial(t, about["images"] / about["rungs"]) for t in trials if t.state != TrialState.WAITING],
        "updated": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def importance(study: optuna.Study, done: list[FrozenTrial]) -> dict[str, float] | None:
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


def summary(study: optuna.Study) -> str:
    """Return the best trial in one line, as flags."""
    found = results(study)
    if found["best"] is None:
        return f"{study.study_name}: no trial was completed"
    best = next(t for t in found["trials"] if t["number"] == found["best"])
    flags = " ".join(
        f"--{k.replace('_', '-')} {v:.4g}" if isinstance(v, float) else f"--{k.replace('_', '-')} {v}"
        for k, v in best["config"].items()
    )
    count = len(found["trials"])
    return f"{study.study_name}: best of {count} trials is {best['number']}, mask AP {best['value']:.4f}: {flags}"


def _trial(trial: FrozenTrial, images_a_rung: float) -> dict:
    content = {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "value": trial.value if trial.state == TrialState.COMPLETE else None,
        "params": trial.params,
        "config": trial.user_attrs.get("config", {}),
        "intermediate": [[round(rung * images_a_rung), v] for rung, v in sorted(trial.intermediate_values.items())],
        "seconds": round(trial.duration.total_seconds(), 3) if trial.duration else None,
        "started": trial.datetime_start.isoformat(timespec="seconds") if trial.datetime_start else None,
    }
    notes = {k: trial.user_attrs[k] for k in ("error", "images_per_s") if k in trial.user_attrs}
    return content | notes
