"""A running server of the app, and the browser that looks at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
IN_SERVER = REPOSITORY / "tests" / "e2e" / "in_server"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 90


def chromium_path() -> str | None:
    """Return the browser: ``EWARDROBE_CHROMIUM`` or the first one installed."""
    return os.environ.get("EWARDROBE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def chromium_flags(clip: Path) -> list[str]:
    """Flags of a quiet browser whose only camera plays ``clip``.

    No ``--disable-features``: it would replace Playwright's own list.
    """
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--use-fake-ui-for-media-stream",  # answers the permission prompt
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={clip.resolve()}",  # with ".." in it there is no camera at all
        "--allow-loopback-in-peer-connection",  # matters only on a machine without a network
    ]


def only_loopback() -> bool:
    """Tell whether this machine has no address but 127.0.0.1."""
    from aioice.ice import get_host_addresses

    return not get_host_addresses(use_ipv4=True, use_ipv6=True)


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_server(port: int, home: Path, log: Path, script: str = "app.py") -> subprocess.Popen:
    """Start the app as ``streamlit run app.py`` does, with its wardrobe in ``home`` and its output in ``log``.

    Beside the log, ``threads.txt`` names the threads of the server's process.
    """
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "EWARDROBE_HOME": str(home)}
    env["XDG_STATE_HOME"] = str(home.parent / "state")
    env["EWARDROBE_TEST_THREADS"] = str(log.with_name("threads.txt"))
    env["EWARDROBE_TEST_LOOPBACK"] = "1" if only_loopback() else "0"
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(IN_SERVER), str(REPOSITORY), env.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless=true", f"--server.port={port}"]
    with open(log, "w") as output:
        return subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=output, stderr=subprocess.STDOUT)


def wait_until_healthy(server: subprocess.Popen, port: int, log: Path) -> None:
    """Return when the server answers; fail with its log when it ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=1) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the app did not start:\n" + log.read_text())


def stop_server(server: subprocess.Popen) -> None:
    """Stop the server as Ctrl-C does, and by force after 15 seconds."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(15)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextmanager
def running_server(home: Path, log: Path, script: str = "app.py") -> Iterator[str]:
    """Yield the address of a running app; at the end its log must hold no error of a page or of the camera stream."""
    port = free_port()
    server = start_server(port, home, log, script)
    try:
        wait_until_healthy(server, port, log)
        yield f"http://localhost:{port}"  # localhost is a secure context: only there is a camera
    finally:
        stop_server(server)
    # Not every traceback is ours: Streamlit logs one when a tab closes at the wrong moment.
    text = log.read_text()
    assert not re.search("Uncaught app execution|Error occurred in the WebRTC thread", text), text
