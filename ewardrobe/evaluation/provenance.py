"""Where numbers come from: data, weights, code, machine."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import ewardrobe

PACKAGES = ("torch", "torchvision", "ultralytics", "openvino", "numpy", "opencv-python", "faster-coco-eval")


def data_hash(annotations: list[Path]) -> str:
    """Return the sha256 over names and contents of annotation files, in the order of their names."""
    digest = hashlib.sha256()
    for path in sorted(annotations, key=lambda p: p.name):
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def command_line(program: str, args: Any, names: Iterable[str]) -> str:
    """Return the command ``python -m program`` with the flags ``names`` as they stand in the object ``args``.

    Folders are cut to their names: what is published names no folder of this machine.  A list repeats its flag; what
    is ``None`` or ``False`` is left out.

    >>> from argparse import Namespace
    >>> command_line("ewardrobe evaluate", Namespace(data=Path("a/b"), limit=None, top=5), ("data", "limit", "top"))
    'python -m ewardrobe evaluate --data b --top 5'
    """
    words = ["python", "-m", *program.split()]
    for name in names:
        given = getattr(args, name)
        for value in given if isinstance(given, list) else [given]:
            if value is not None and value is not False:
                text = value.resolve().name if isinstance(value, Path) else str(value)
                words += [f"--{name.replace('_', '-')}", *([] if value is True else [text])]
    return shlex.join(words)


def describe_run() -> dict:
    """Return commit, date, machine, and the versions of Python, eWardrobe and the packages that decide results."""
    own = {"python": platform.python_version(), "ewardrobe": ewardrobe.__version__}
    return {
        "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": own | {package: version_of(package) for package in PACKAGES},
    }


def commit() -> str | None:
    """Return the commit of this code, with ``-dirty`` when tracked files differ from it; ``None`` without git."""
    folder = Path(ewardrobe.__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def machine() -> dict:
    """Return processor, cores, memory, operating system and GPU; nothing that names the machine or its user."""
    torch = sys.modules.get("torch")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": memory and round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "gpu": torch.cuda.get_device_name(0) if torch is not None and torch.cuda.is_available() else None,
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def version_of(package: str) -> str | None:
    """Return the version of an installed package, ``None`` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
