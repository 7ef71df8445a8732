"""Files replaced as a whole, also on drives that lack what a disk offers."""

import errno
import os

import pytest

from ewardrobe.core import atomic


@pytest.mark.parametrize("number", atomic.NOT_OFFERED)
def test_a_drive_without_fsync_can_be_written(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    atomic.write_bytes(tmp_path / "a", b"first")
    with atomic.writing(tmp_path / "b") as file:
        file.write(b"second")
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"first", b"second"]


def test_a_disk_that_fails_is_no_such_drive(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda fd: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output"):
        atomic.write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
