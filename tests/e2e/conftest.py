"""Fixtures for the end-to-end tests: the app's server, Debian's Chromium, a webcam made of a rendered picture."""

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

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_MS = 30_000
START_SECONDS = 90

collect_ignore = ["in_server", "failing_app.py", "fragment_app.py"]  # a patch, and apps


def pytest_collection_modifyitems(items) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


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
    env["EWARDROBE_TEST_THREADS"] = str(log.with_name("threads.txt"))
    env["EWARDROBE_TEST_LOOPBACK"] = "1" if only_loopback() else "0"
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE / "in_server"), str(REPOSITORY), env.get("PYTHONPATH")]))
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


@pytest.fixture(scope="session")
def app_home(tmp_path_factory) -> Path:
    """The wardrobe folder of the app under test."""
    return tmp_path_factory.mktemp("app") / "wardrobe"


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


@pytest.fixture(scope="session")
def server_log(tmp_path_factory) -> Path:
    """What the app under test says."""
    return tmp_path_factory.mktemp("server") / "server.log"


@pytest.fixture(scope="session")
def base_url(server_log, app_home) -> Iterator[str]:
    """Address of the running app."""
    with running_server(app_home, server_log) as url:
        yield url


def photographed_person(root: Path):
    """Return the first photo whose garment fills the middle, where the tests look, and is seen by the default model."""
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.datasets.records import item_mask
    from ewardrobe.images import load_image
    from ewardrobe.segmenters import load_segmenter
    from ewardrobe.taxonomy import category

    model = load_segmenter()
    for record in DeepFashion2(root, "validation").records():
        uppers = [item for item in record.items if category(item.category_id).slot != "bottom"] if record.worn else []
        photo = load_image(record.image_path, max_side=None) if uppers else None
        for item in uppers:
            mask = item_mask(item, *photo.shape[:2])
            if middle_of(mask).mean() > 0.97 and any(
                middle_of(m).mean() > 0.9 for m in model.predict(photo, 0.6).masks
            ):
                return photo
    return None


def middle_of(mask):
    """Return the part of a mask (H, W) that is in the webcam's middle when its photo is shown as high as the frame."""
    height, width = mask.shape
    half = round(0.12 * height)  # the torso's rectangle, and how far the clip sways
    return mask[round(0.45 * height) : round(0.6 * height), max(0, width // 2 - half) : width // 2 + half]


@pytest.fixture(scope="session")
def webcam_picture():
    """RGB uint8 picture of the fake webcam: a person, from ``EWARDROBE_TEST_DATA`` where it is set, else drawn."""
    from ewardrobe.datasets.synthetic import render_person

    root = os.environ.get("EWARDROBE_TEST_DATA")
    photo = photographed_person(Path(root)) if root else None
    return render_person((1, 8), seed=3, size=(640, 480)).image if photo is None else photo


@pytest.fixture(scope="session")
def webcam_clip(tmp_path_factory, webcam_picture) -> Path:
    """The clip that the browser takes for its camera."""
    from fake_camera import write_clip

    return write_clip(tmp_path_factory.mktemp("webcam") / "clip.mjpeg", webcam_picture)


@pytest.fixture(scope="module")  # not session: while Playwright is open, asyncio.run() fails in this thread
def browser(webcam_clip):
    """Headless Chromium; the test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    if not (path := chromium_path()):
        pytest.skip("no Chromium: apt-get install --no-install-recommends chromium")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, headless=True, args=chromium_flags(webcam_clip))
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, request, tmp_path):
    """A new tab; afterwards no script may have failed in it.  A failed test leaves a screenshot and the console."""
    import playwright.sync_api

    playwright.sync_api.expect.set_options(timeout=TIMEOUT_MS)  # under load things take seconds
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.set_default_timeout(TIMEOUT_MS)
    errors: list[str] = []
    console: list[str] = []
    tab.on("console", lambda message: console.append(f"{message.type} {message.text[:200]}"))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    yield tab
    if getattr(request.node, "failed", False):
        tab.screenshot(path=tmp_path / "failed.png")
        print("screenshot:", tmp_path / "failed.png", "console:", *console[-30:], sep="\n  ")
    context.close()
    assert not errors, errors


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Tell the fixtures whether the test's body has failed."""
    report = yield
    if report.when == "call":
        item.failed = report.failed
    return report
