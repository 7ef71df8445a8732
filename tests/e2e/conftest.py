"""Fixtures for the end-to-end tests: the app's server, Debian's Chromium, a webcam made of a rendered picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium_flags, chromium_path, running_server

HERE = Path(__file__).resolve().parent
TIMEOUT_MS = 30_000

collect_ignore = ["in_server", "failing_app.py", "fragment_app.py"]  # a patch, and apps


def pytest_collection_modifyitems(items) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def app_home(tmp_path_factory) -> Path:
    """The wardrobe folder of the app under test."""
    return tmp_path_factory.mktemp("app") / "wardrobe"


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
    from ewardrobe.core.images import load_image
    from ewardrobe.core.taxonomy import category
    from ewardrobe.datasets.deepfashion2 import DeepFashion2
    from ewardrobe.datasets.records import item_mask
    from ewardrobe.models import load_segmenter

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
