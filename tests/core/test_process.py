"""Threads, the quiet ultralytics, and one inference at a time."""

from __future__ import annotations

import mmap
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from ewardrobe.core import process


def in_new_process(code: str, **environment: str) -> str:
    """Output of ``code`` in a process without this one's settings."""
    names = {"OMP_NUM_THREADS", "EWARDROBE_THREADS", "YOLO_OFFLINE", "YOLO_AUTOINSTALL", "YOLO_CONFIG_DIR"}
    env = {k: v for k, v in os.environ.items() if k not in names} | environment
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_environment_is_set_once_and_the_users_choice_stays(monkeypatch):
    monkeypatch.delenv("YOLO_AUTOINSTALL", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    process.configure()
    assert os.environ["OMP_NUM_THREADS"] == "3"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"


def test_only_training_may_look_for_a_network(monkeypatch):
    process.quiet_ultralytics()
    from ultralytics.utils import is_online

    monkeypatch.setenv("YOLO_OFFLINE", "true")
    asked = []
    monkeypatch.setattr("socket.getaddrinfo", lambda *arguments: asked.append(arguments))
    assert not is_online()
    assert not asked
    process.allow_downloads()
    assert is_online()
    assert asked


def test_libraries_report_nothing_and_leave_the_users_settings_alone(tmp_path):
    code = """
import mmap
import os
import re
from ewardrobe.core import process
process.quiet_ultralytics()
import openvino, torch
from openvino.tools.ovc import telemetry_utils
from ultralytics import SETTINGS
from ultralytics.utils import AUTOINSTALL, ONLINE
from ultralytics.utils.events import events
model = openvino.convert_model(torch.nn.Linear(2, 2), example_input=torch.zeros(1, 2))
print(os.environ["OMP_NUM_THREADS"], AUTOINSTALL, ONLINE, SETTINGS["sync"], events.enabled)
print(telemetry_utils.tm.__name__, len(model.outputs))
print(SETTINGS.file)
"""
    answer = in_new_process(code, EWARDROBE_CACHE=str(tmp_path / "cache"), EWARDROBE_THREADS="5")
    ultralytics, openvino, file = answer.splitlines()[-3:]
    assert ultralytics == "5 False False False False"
    assert openvino == "openvino.tools.ovc.telemetry_stub 1"
    assert file.startswith(str(tmp_path / "cache"))


def test_threads_are_the_cores_unless_chosen(monkeypatch):
    monkeypatch.delenv("EWARDROBE_THREADS", raising=False)
    assert 1 <= process.cpu_threads() <= process.MAX_THREADS
    assert process.available_cores() <= os.cpu_count()
    monkeypatch.setenv("EWARDROBE_THREADS", "12")
    assert process.cpu_threads() == 12


def test_threads_that_a_command_was_given_count_more_than_the_environment(monkeypatch):
    monkeypatch.setenv("EWARDROBE_THREADS", "2")
    process.use_threads(3)
    with process.inference_slot():
        assert process.cpu_threads() == torch.get_num_threads() == 3
    with pytest.raises(ValueError, match="from 1, got 0"):
        process.use_threads(0)


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_bad_thread_count_says_what_is_expected(monkeypatch, text):
    monkeypatch.setenv("EWARDROBE_THREADS", text)
    with pytest.raises(ValueError, match="whole number from 1"):
        process.cpu_threads()


def test_slot_undoes_a_thread_count_that_somebody_else_set(monkeypatch):
    monkeypatch.setenv("EWARDROBE_THREADS", "2")
    torch.set_num_threads(1)  # as ultralytics does on two cores
    with process.inference_slot():
        assert torch.get_num_threads() == 2


def test_one_inference_at_a_time():
    inside, most = 0, 0

    def work():
        nonlocal inside, most
        for _ in range(20):
            with process.inference_slot(), process.inference_slot():  # nested: an evaluation around a prediction
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    run_threads(work, count=4)
    assert most == 1


def test_who_waits_is_served_next():
    """A thread that lets go and takes again at once, as the live view does, does not starve another."""
    lock, order, waiting = process.FairLock(), [], threading.Event()

    def page():
        waiting.set()
        with lock:
            order.append("page")

    with lock:
        thread = threading.Thread(target=page)
        thread.start()
        waiting.wait(5)
        while len(lock._queue) < 2:
            time.sleep(0.001)
    with lock:
        order.append("live")
    thread.join(5)
    assert order == ["page", "live"]


def test_an_error_inside_frees_the_slot():
    with pytest.raises(RuntimeError), process.inference_slot():
        raise RuntimeError
    passed = threading.Event()

    def work():
        with process.inference_slot():
            passed.set()

    run_threads(work, count=1)
    assert passed.is_set()


def run_threads(target, count: int) -> None:
    threads = [threading.Thread(target=target) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu.max": "200000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "5000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "5000", "cpu/cpu.cfs_period_us": "0"}, 8),
        ({}, 8),
    ],
)
def test_the_quota_of_a_container_of_either_kind_counts(tmp_path, monkeypatch, files, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(process, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert process.available_cores() == cores


def test_a_user_without_a_folder_has_a_cache_where_the_program_was_started(tmp_path, monkeypatch):
    def nobody(*args):
        raise RuntimeError("Could not determine home directory.")

    for name in ("EWARDROBE_CACHE", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    monkeypatch.chdir(tmp_path)
    for folder in (process.cache_dir(), process.state_dir()):
        assert folder.is_relative_to(tmp_path)
        assert folder.name == "ewardrobe"


def test_a_name_that_the_terminal_cannot_show_ends_nothing(tmp_path):
    code = "from ewardrobe.core import process; process.configure(); print('caf\\u00e9 \\udcff')"
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "caf\\xe9 \\udcff\n")


def resident_kb(path) -> int:
    """Return how much of the mapped file is in memory."""
    of_file, kb = False, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-", line):
            of_file = line.endswith(str(path))
        elif of_file and line.startswith("Rss:"):
            kb += int(line.split()[1])
    return kb


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told of by Linux")
def test_a_mapped_file_is_let_go_of_and_read_again(tmp_path):
    path = tmp_path / "name with blanks.bin"
    path.write_bytes(bytes(range(256)) * 4096)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        before = mapped[:]
        assert resident_kb(path) == 1024
        process.let_go_of_mapped(path)
        assert resident_kb(path) == 0
        assert mapped[:] == before


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told of by Linux")
def test_what_was_changed_in_memory_is_kept(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(bytes(8192))
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        mapped[5] = 7
        process.let_go_of_mapped(path)
        assert mapped[5] == 7


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told of by Linux")
def test_what_threads_freed_is_given_back():
    resident = in_new_process("""
import threading
from ewardrobe.core import process
process.configure()
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
def use():
    pieces = [bytearray(100_000) for _ in range(500)]  # small enough for the heap
    del pieces[:-1]  # the last one holds up the rest
    kept.append(pieces)
kept, before = [], resident()
for _ in range(4):
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
process.give_back_freed()
print((resident() - before) // 1_000_000)
""")
    assert int(resident) < 10


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's arenas")
def test_all_threads_are_served_from_two_arenas():
    report = in_new_process("""
import ctypes, threading
from ewardrobe.core import process
process.configure()
together = threading.Barrier(6)
def use():
    together.wait()
    kept.append([bytearray(10_000) for _ in range(200)])
    together.wait()
kept = []
threads = [threading.Thread(target=use) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
""")
    assert 1 <= report.count("<heap nr=") <= 2
