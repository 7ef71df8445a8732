"""Digitizing through Ray Data: the same function on many processes or machines (optional: requirements-ray.txt).

Ray (https://docs.ray.io) runs on this machine by default; an address makes it a cluster's work, whose machines must see
the photos under the same paths and have eWardrobe and its weights.  Nothing is reported to Ray's makers.
"""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

from ewardrobe.garments.digitize import DigitizeSettings, Outcome, digitize_path

NEEDED = "pip install -r requirements-ray.txt"


class EngineError(RuntimeError):
    """The engine cannot run; the message says what to do."""


def digitize_with_ray(
    paths: Sequence[Path], settings: DigitizeSettings, workers: int = 2, address: str | None = None
) -> Iterator[tuple[Path, Outcome]]:
    """Yield each photo with its result or fault, in the order of ``paths``, as `digitize.digitize_paths` does.

    workers: processes that each load the model once.  address: of a running cluster ("auto", "ray://HOST:10001").
    Raises ``EngineError`` without Ray, or when the cluster cannot be reached.
    """
    ray = _ray(address)
    try:
        rows = [{"number": number, "path": str(path.absolute())} for number, path in enumerate(paths)]
        data = ray.data.from_items(rows, override_num_blocks=min(len(rows), 4 * workers))
        pool = ray.data.ActorPoolStrategy(size=min(workers, len(rows)))
        mapped = data.map(Worker, fn_constructor_args=(settings,), compute=pool, num_cpus=1)
        for row in mapped.iter_rows():
            yield paths[row["number"]], pickle.loads(row["outcome"])
    finally:
        ray.shutdown()


def _ray(address: str | None) -> ModuleType:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before the import
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise EngineError(f"--engine ray needs Ray, which is not installed: {NEEDED}") from error
    try:
        local = {"include_dashboard": False} if address is None else {}
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **local)
    except (ConnectionError, OSError, RuntimeError, ValueError) as error:
        raise EngineError(f"Ray did not start ({error}); check --ray-address") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # the command has a progress bar of its own
    ray.data.DataContext.get_current().enable_progress_bars = False
    ray.data.DataContext.get_current().execution_options.preserve_order = True
    return ray


class Worker:
    """One process of the pool: the model is loaded once, the photos come one by one."""

    def __init__(self, settings: DigitizeSettings) -> None:
        self.settings, self.segmenter = settings, settings.load()

    def __call__(self, row: dict) -> dict:
        """Return the row's number with the pickled outcome."""
        outcome = digitize_path(Path(row["path"]), self.segmenter, self.settings)
        return {"number": row["number"], "outcome": pickle.dumps(outcome)}
