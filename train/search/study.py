"""The Optuna study of a sweep: where it is stored, what makes it the same study, what is left of dead workers."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import (
    JournalFileBackend,
    JournalFileOpenLock,
    JournalFileSymlinkLock,
    JournalRedisBackend,
)
from optuna.trial import TrialState

from train.loop.engine import TrainingError, record_in, set_aside

PRUNERS = ("median", "hyperband", "none")
STARTUP_TRIALS = 4
"""So many trials run to their end before one may be pruned."""


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
        if not _is_storage_error(error):
            raise
        scheme, separator, rest = storage.partition("://")
        shown = scheme + separator + rest.rpartition("@")[2] if separator else storage  # without a password
        reason = str(error.__cause__ or error).splitlines()[0]
        raise TrainingError(
            f"the storage {shown} cannot be used ({reason}): check the address, and that its "
            "database driver is installed; without --storage a journal file on this machine is used"
        ) from error


def _is_storage_error(error: Exception) -> bool:
    """Tell whether Optuna, the database, Redis or the disk refused; the libraries are optional, so by module name."""
    if isinstance(error, optuna.exceptions.StorageInternalError | OSError | ImportError):
        return not isinstance(error, TrainingError)
    return type(error).__module__.partition(".")[0] in ("sqlalchemy", "redis")


def finished(study: optuna.Study) -> int:
    """Return the number of trials that count: all but those that were interrupted, which failed without an error."""
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    trials = study.get_trials(deepcopy=False, states=states)
    return sum(t.state != TrialState.FAIL or "error" in t.user_attrs for t in trials)


def mark(trial: optuna.Trial) -> None:
    """Note which process runs ``trial``."""
    trial.set_user_attr("host", socket.gethostname())
    trial.set_user_attr("pid", os.getpid())


def _requeue_dead(study: optuna.Study) -> None:
    """Fail the trials that were left running by processes of this machine that are gone, and queue their values."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, pid = (trial.user_attrs.get(name) for name in ("host", "pid"))
        if host == socket.gethostname() and pid not in (None, os.getpid()) and not _alive(pid):
            study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
            study.enqueue_trial(trial.params)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)  # else it is another user's
    return True


def _open_storage(storage: str) -> BaseStorage:
    if storage.startswith("redis"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return JournalStorage(JournalRedisBackend(storage))
    if "://" in storage:
        return RDBStorage(storage)
    Path(storage).parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileOpenLock(storage) if os.name == "nt" else JournalFileSymlinkLock(storage)  # needs rights there
    backend = JournalFileBackend(storage, lock_obj=lock)
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
