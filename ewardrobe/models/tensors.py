"""Reads a file of ``torch.save`` without PyTorch, and without running anything that such a file may hold.

It is a ZIP with a pickle of the structure and one member for the numbers of each tensor, neither compressed.  The
numbers stay in the file until they are used: an array is a view of the mapped file.
"""

from __future__ import annotations

import io
import math
import mmap
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

TYPES = {
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "DoubleStorage": np.float64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
LOCAL_HEADER = 30
"""Bytes of a member's header in a ZIP before its name; the lengths of name and extra field are its last four."""


def read(path: Path) -> Any:
    """Return what ``torch.save`` wrote to ``path``, its tensors as arrays of the file's types that cannot be written.

    The numbers themselves are not checked, see `damaged`.  Raises ``OSError`` for a file that cannot be read,
    ``ValueError`` for one that is not of this form or names anything but tensors and plain values.
    """
    with open(path, "rb") as file:
        try:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with zipfile.ZipFile(file) as archive:
                return _Unpickler(archive, mapped).load()
        except (zipfile.BadZipFile, pickle.UnpicklingError, KeyError, EOFError, IndexError) as error:
            raise ValueError(str(error)) from error
        except (OSError, ValueError):
            raise
        except Exception as error:  # a damaged ZIP or pickle may come to anything
            raise ValueError(f"its structure is damaged ({type(error).__name__}: {error})") from error


def damaged(path: Path) -> str | None:
    """Return the first member of a file that `read` can read whose bytes are not those written, ``None`` if all are."""
    with zipfile.ZipFile(path) as archive:
        return archive.testzip()


class _Unpickler(pickle.Unpickler):
    """Knows dictionaries in order, tensors and the types of their numbers; refuses every other name."""

    def __init__(self, archive: zipfile.ZipFile, mapped: mmap.mmap) -> None:
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise ValueError("it was not written by torch.save")
        super().__init__(io.BytesIO(archive.read(names[0])))
        self._archive, self._mapped, self._folder = archive, mapped, names[0].removesuffix("data.pkl")
        order = f"{self._folder}byteorder"
        if order in archive.namelist() and archive.read(order) != b"little":
            raise ValueError("its numbers are big-endian: save them anew on a little-endian computer")

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _tensor,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}, which is no part of weights")

    def persistent_load(self, told: Any) -> np.ndarray:
        """Return the numbers that ``("storage", type, name, place, count)`` tells of, (count,)."""
        _, kind, name, _, count = told
        info = self._archive.getinfo(f"{self._folder}data/{name}")
        if info.compress_type != zipfile.ZIP_STORED:
            raise pickle.UnpicklingError("its numbers are compressed")
        header = self._mapped[info.header_offset : info.header_offset + LOCAL_HEADER]
        start = info.header_offset + LOCAL_HEADER + sum(np.frombuffer(header[-4:], "<u2").tolist())
        if count * np.dtype(kind).itemsize > info.file_size:
            raise pickle.UnpicklingError("some of its numbers are missing")
        return np.frombuffer(self._mapped, kind, count, start)


def _tensor(numbers: np.ndarray, start: int, shape: tuple, strides: tuple, *_: Any) -> np.ndarray:
    """Return the tensor of ``shape`` among the ``numbers`` (N,); ``strides`` count numbers."""
    last = start + sum((size - 1) * step for size, step in zip(shape, strides, strict=True))
    if min((start, *shape, *strides)) < 0 or (0 not in shape and last >= len(numbers)):
        raise pickle.UnpicklingError("a tensor lies outside its numbers")
    if math.prod(shape) > len(numbers):
        raise pickle.UnpicklingError("a tensor has more numbers than its file")
    if 0 in shape:
        return np.zeros(shape, numbers.dtype)
    steps = [step * numbers.itemsize for step in strides]
    return np.lib.stride_tricks.as_strided(numbers[start:], shape, steps, writeable=False)
