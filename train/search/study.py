"""The Optuna study of a sweep: where it is stored, what makes it the same study, and its results as JSON."""

from __future__ import annotations

import json
import math
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage, journal
from optuna.trial import FrozenTrial, TrialState

from ewardrobe.core import atomic
from train.loop.config import flag
from train.loop.engine import TrainingError, record_in, set_aside

PRUNERS = ("median", "hyperband", "none")
STARTUP_TRIALS = 4
"""So many trials run to their end before one may be pruned."""
MIN_TRIALS = 4
"""With fewer finished trials the importance of a flag is chance."""


def open_study(
    name: str, storage: str, pruner: str, rungs: int, about: dict[str, Any], seed: int | None = None
) -> optuna.Study:
    """Create the study or go on with it.

    storage: a database or Redis URL, or a path for a journal file.  about: what all of its trials have in common;
    ``TrainingError`` if the stored study is about something else.
    """
    pruners: dict[str, optuna.pruners.BasePruner] = {
        "median": optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
        "hyperband": optuna.pruners.HyperbandPruner(min_resource=1, max_resource=rungs, reduction_factor=2),
        "none": optuna.pruners.NopPruner(),
    }
    sampler = optuna.samplers.TPESampler(n_startup_trials=STARTUP_TRIALS * 2, constant_liar=True, seed=seed)
    with storage_errors(storage):
        study = optuna.create_study(
            storage=_open_storage(storage),
            study_name=name,
            direction="maximize",
            sampler=sampler,
            pruner=pruners[pruner],
            load_if_exists=True,
        )
        if not study.user_attrs:
            for key, value in about.items():
                study.set_user_attr(key, value)
        different = [
            f"{k} was {study.user_attrs.get(k)!r}, is {v!r}" for k, v in about.items() if study.user_attrs.get(k) != v
        ]
        if different:
            raise TrainingError(f"the sweep {name!r} is another one ({'; '.join(different)}): give another --name")
        _requeue_dead(study)
    return study


@contextmanager
def storage_errors(storage: str) -> Iterator[None]:
    """Turn what a storage raises when it cannot be reached into a ``TrainingError``."""
    try:
        yield
    except Exception as error:
        library = type(error).__module__.partition(".")[0]  # by its name: neither has to be installed
        known = isinstance(error, optuna.exceptions.StorageInternalError | OSError | ImportError)
        if not known and library not in ("sqlalchemy", "redis"):
            raise
        scheme, separator, rest = storage.partition("://")
        shown = scheme + separator + rest.rpartition("@")[2] if separator else storage  # without a password
        reason = str(error.__cause__ or error).splitlines()[0]
        raise TrainingError(
            f"the storage {shown} cannot be used ({reason}): check the address, and that its "
            "database driver is installed; without --storage a journal file on this machine is used"
        ) from error


def finished(study: optuna.Study) -> int:
    """Return the number of trials that count: all but those that were interrupted, which failed without an error."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL))
    return sum(t.state != TrialState.FAIL or "error" in t.user_attrs for t in trials)


def mark(trial: optuna.Trial) -> None:
    """Note which process runs ``trial``."""
    trial.set_user_attr("host", socket.gethostname())
    trial.set_user_attr("pid", os.getpid())
    trial.set_user_attr("process", _identity(os.getpid()))


def _requeue_dead(study: optuna.Study) -> None:
    """Fail the trials that were left running by processes of this machine that are gone, and queue their values."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, pid, process = (trial.user_attrs.get(name) for name in ("host", "pid", "process"))
        if host == socket.gethostname() and pid is not None and not _alive(pid, process):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            study.enqueue_trial(trial.params)


def _identity(pid: int) -> str | None:
    """Return what a process has alone: this start of the machine, and when in it it began; ``None`` but on Linux."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return None


def _alive(pid: int, process: str | None) -> bool:
    """Tell whether the process of a trial still lives; another one may have got its number by now."""
    now = _identity(pid)
    if process and now:
        return process == now
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)  # else it is another user's
    return True


def _open_storage(storage: str) -> BaseStorage:
    if storage.startswith("redis"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(journal.JournalRedisBackend(storage))
    if "://" in storage:
        return RDBStorage(storage)
    Path(storage).parent.mkdir(parents=True, exist_ok=True)
    # Windows lets only some users make links
    lock_class = journal.JournalFileOpenLock if os.name == "nt" else journal.JournalFileSymlinkLock
    lock = lock_class(storage)
    backend = journal.JournalFileBackend(storage, lock_obj=lock)
    lock.acquire()
    try:
        _mend_journal(Path(storage))
    finally:
        lock.release()
    return JournalStorage(backend)


def _mend_journal(path: Path) -> None:
    """Cut the journal before the first line that is not whole: Optuna would write on behind half a line.

    What comes after a lost line may build on it, so it is set aside too.
    """
    content, whole = path.read_bytes(), 0
    for line in content.splitlines(keepends=True):
        if not line.endswith(b"\n") or record_in(line) is None:
            break
        whole += len(line)
    set_aside(path, content[whole:])
    if whole < len(content):
        os.truncate(path, whole)


def write_results(path: Path, study: optuna.Study) -> None:
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
