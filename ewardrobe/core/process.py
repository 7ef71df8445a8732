"""How the process runs: threads, a quiet ultralytics, and one inference at a time.

Every entry point (app.py, the command line, train/, the tests) calls `configure` before torch or ultralytics is
imported; every segmenter computes inside ``with inference_slot():``.
"""

from __future__ import annotations

import ctypes
import io
import os
import re
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_THREADS = 8
"""Networks of this size gain nothing from more threads."""

_chosen_threads: int | None = None

QUIET_SETTINGS = {"sync": False, "mlflow": False, "clearml": False, "comet": False, "dvc": False, "raytune": False}


class SettingError(ValueError):
    """An environment variable of ours has a value that it cannot have; the message says what is expected."""


def configure() -> None:
    """Set the environment that torch and ultralytics read when they are imported; a second call changes nothing.

    What the user has set stays.  Ultralytics would otherwise set ``OMP_NUM_THREADS=1`` for the whole process, so
    that every model's speed depended on the order of imports; it would look for a network, and run pip by itself.
    Threads that wait sleep instead of spinning: spinning costs the camera and the browser their cores (ResNet-18 at
    256×192 on two busy cores: 30 to 70 ms instead of 170 to 200).
    OpenVINO reports every conversion of a model to its maker; without its telemetry package it uses a stub of its own.
    """
    _use_few_arenas()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot show must not end the command
            stream.reconfigure(errors="backslashreplace")
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: its import fails from now on
    for name, value in {
        "OMP_NUM_THREADS": str(cpu_threads()),
        "OMP_WAIT_POLICY": "PASSIVE",
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_VERBOSE": "false",  # its remarks go to stdout, into the JSON of our commands
        "YOLO_CONFIG_DIR": str(cache_dir()),
        "ULTRALYTICS_SAFE_LOAD": "1",
    }.items():
        os.environ.setdefault(name, value)


def _use_few_arenas() -> None:
    """Have glibc serve all threads from two arenas: with one for each thread, 50 MB that were freed stay with us."""
    if sys.platform == "linux" and "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def give_back_freed() -> None:
    """Have glibc return what was freed to the system, which it otherwise keeps for later; on others nothing happens."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


M_ARENA_MAX = -8
MADV_DONTNEED = 4
"""Numbers of glibc's ``malloc.h`` and of Linux' ``mman.h``."""


def let_go_of_mapped(path: Path) -> None:
    """Tell Linux that the file ``path``, mapped into memory, is not needed now; what is read again is read from disk.

    Only mappings that nobody can have written to are let go of.  On other systems nothing happens.
    """
    with suppress(OSError, AttributeError):
        for line in Path("/proc/self/maps").read_text().splitlines():
            span, access, *_, name = line.split(maxsplit=5)
            if name == str(path) and access.startswith("r--"):
                start, end = (int(number, 16) for number in span.split("-"))
                ctypes.CDLL(None).madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_DONTNEED)


def quiet_ultralytics() -> None:
    """Switch off what ultralytics reports to others (usage statistics, experiment trackers); call after `configure`.

    The settings file is only written when something changes.
    """
    configure()
    from ultralytics import settings
    from ultralytics.utils import patches

    # Ultralytics replaces PIL.Image.open: for a file that is no picture it would install pi-heif, or fail with an
    # ImportError in place of Pillow's own error.  HEIC is read by ewardrobe.core.images.
    patches._pil_plugins_registered = True
    changes = {k: v for k, v in QUIET_SETTINGS.items() if settings.get(k) != v}
    if changes:
        settings.update(changes)


def allow_downloads() -> None:
    """Let ultralytics look for a network in this process; only a training that was asked for public weights does so."""
    os.environ["YOLO_OFFLINE"] = "false"


def use_threads(count: int) -> None:
    """Have every inference of this process use ``count`` threads from now on, whatever ``EWARDROBE_THREADS`` says."""
    global _chosen_threads
    if count < 1:
        raise ValueError(f"threads: expected a whole number from 1, got {count}")
    _chosen_threads = count
    if "torch" not in sys.modules:
        os.environ["OMP_NUM_THREADS"] = str(count)  # which torch reads when it is imported


def cpu_threads() -> int:
    """Return the threads of one inference: what `use_threads` was told, ``EWARDROBE_THREADS``, or the cores, 1..8."""
    if _chosen_threads is not None:
        return _chosen_threads
    chosen = os.environ.get("EWARDROBE_THREADS", "")
    if chosen:
        if not re.fullmatch(r"0*[1-9][0-9]{0,3}", chosen):
            raise SettingError(f"EWARDROBE_THREADS={chosen!r}: expected a whole number from 1 to 9999")
        return int(chosen)
    return max(1, min(MAX_THREADS, available_cores()))


def available_cores() -> int:
    """Return the cores that this process may use: its affinity, and its container's CPU quota (cgroup v2 or v1)."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    for read in (_quota_of_version_2, _quota_of_version_1):
        with suppress(OSError, ValueError, ZeroDivisionError):  # no such cgroup, or "max": no quota
            quota, period = read()
            return min(cores, max(1, quota // period)) if quota > 0 else cores
    return cores


def _quota_of_version_2() -> tuple[int, int]:
    quota, period = (CGROUP / "cpu.max").read_text().split()
    return int(quota), int(period)


def _quota_of_version_1() -> tuple[int, int]:
    quota, period = ((CGROUP / "cpu" / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
    return int(quota), int(period)


CGROUP = Path("/sys/fs/cgroup")


def typed_path(text: str | Path) -> Path:
    """Return a path that somebody typed: ``~`` is understood, and stays where there is nobody of that name.

    Blanks around it go, and what no path can hold becomes a question mark, so that asking for it says "no such file".
    """
    return Path(os.path.expanduser(str(text).strip().replace("\0", "?")))


def cache_dir() -> Path:
    """Return the folder for files that can be made again (not created here); ``EWARDROBE_CACHE`` moves it."""
    if chosen := os.environ.get("EWARDROBE_CACHE"):
        return typed_path(chosen)
    if sys.platform == "darwin":
        return _home() / "Library" / "Caches" / "ewardrobe"
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return (Path(base) if base else _home() / ".cache") / "ewardrobe"


def state_dir() -> Path:
    """Return the folder for what is noted beside the wardrobes (not created here)."""
    if base := os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME"):
        return Path(base) / "ewardrobe"
    where = ("Library", "Application Support") if sys.platform == "darwin" else (".local", "state")
    return _home().joinpath(*where, "ewardrobe")


def no_temporary_folder(error: BaseException) -> str | None:
    """Return what to do about an ``error`` that comes of a machine without any folder for temporary files."""
    if isinstance(error, FileNotFoundError) and "temporary directory" in str(error):  # tempfile's words
        return "no folder for temporary files can be written: set TMPDIR to one that can"
    return None


def _home() -> Path:
    """Return the user's folder; for a user without one, as in a container, a hidden one where the program was started.

    Not one among the temporary files: there anybody could have put it.
    """
    try:
        return Path.home()
    except RuntimeError:  # no HOME, and no entry in passwd
        return Path(".ewardrobe").absolute()


class FairLock:
    """A re-entrant lock that serves threads in the order in which they came.

    With ``threading.RLock`` the live view, which takes the lock again as soon as it has let it go, starves a page
    that waits for one answer.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._queue: deque[int] = deque()  # thread ids; the first one holds the lock
        self._depth = 0

    def __enter__(self) -> FairLock:
        me = threading.get_ident()
        with self._condition:
            if me not in self._queue:
                self._queue.append(me)
                try:
                    self._condition.wait_for(lambda: self._queue[0] == me)
                except BaseException:  # Ctrl-C while waiting: leave the queue, or everybody behind waits for ever
                    self._queue.remove(me)
                    self._condition.notify_all()
                    raise
            self._depth += 1
        return self

    def __exit__(self, *exception: object) -> None:
        with self._condition:
            self._depth -= 1
            if not self._depth:
                self._queue.popleft()
                self._condition.notify_all()


_INFERENCE = FairLock()


@contextmanager
def inference_slot() -> Iterator[None]:
    """Hold the process's one place for inference, with the right number of torch threads.

    Two inferences at once on a few cores take longer than one after the other.  The thread count is set here since
    ultralytics lowers it for the whole process whenever it selects the CPU.  May be nested.
    """
    with _INFERENCE:
        torch = sys.modules.get("torch")
        if torch is not None and torch.get_num_threads() != cpu_threads():
            torch.set_num_threads(cpu_threads())
        yield
