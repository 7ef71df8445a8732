"""Writing a file so that a reader, or a crash at any moment, finds the old content or the new one, never a mixture."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".tmp"

NOT_OFFERED = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)
"""What ``fsync`` says on drives that have none: some network, FUSE and shared folders."""

_PRIVATE: set[str] = set()


def keep_private(folder: Path) -> None:
    """Have every file that is written in ``folder`` and below be its owner's alone (0600) from now on."""
    _PRIVATE.add(os.path.realpath(folder))


def private_opener(path: str, flags: int) -> int:
    """Open a file for ``open(…, opener=)``: a new one has mode 0600 where ``keep_private`` was told, else the usual."""
    parents = (str(parent) for parent in Path(os.path.realpath(path)).parents)
    return os.open(path, flags, 0o666 if _PRIVATE.isdisjoint(parents) else 0o600)


def write_bytes(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Replace ``path`` by ``data``: temporary file in the same folder, fsync, ``os.replace``, fsync of the folder.

    A link stays a link: the file that it names is replaced.  ``durable=False`` leaves out the fsyncs: still never a
    mixture for readers, but a power cut may lose the file.  Raises ``OSError`` (disk full, no permission) with the old
    file untouched and the temporary one removed.
    """
    with _replacing(path, durable) as temporary:
        _write_new(temporary, data, durable)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file whose content replaces ``path`` when the block ends, as ``write_bytes`` does; not if it raises.

    For what is too large to be held in memory.
    """
    with _replacing(path, durable=True) as temporary, open(temporary, "x+b", opener=private_opener) as file:
        yield file
        sync(file)


@contextlib.contextmanager
def _replacing(path: Path, durable: bool) -> Iterator[Path]:
    """Yield a temporary file's name: it takes the place of ``path`` when the block ends, and goes if that raises."""
    target = Path(os.path.realpath(path)) if path.is_symlink() else path  # in a circle of links, one of them
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    if durable:
        with contextlib.suppress(OSError):  # the new name, too, is to survive a power cut; not every disk can
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Delete temporary files that killed writers left in ``folder`` for files whose name begins with ``name``.

    Only under the lock that all writers of these files take.
    """
    for leftover in folder.glob(f".{name}*{TEMPORARY_SUFFIX}"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def _write_new(path: Path, data: bytes, durable: bool) -> None:
    with open(path, "xb", opener=private_opener) as file:
        file.write(data)
        if durable:
            sync(file)


def sync_if_file(file: BinaryIO) -> None:
    """Have what was written on the disk, and forgotten in memory, so that it is read from there; not where none is."""
    try:
        number = file.fileno()
    except (OSError, AttributeError):
        return
    sync(file)
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)


def sync(file: BinaryIO) -> None:
    """Have what was written on the disk before this returns, as far as the drive offers that."""
    file.flush()
    try:
        os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in NOT_OFFERED:
            raise
