"""The live page in a real browser: a camera's picture that comes back dressed, and what ends when one leaves."""

from __future__ import annotations

import io
import re
import time

import av
import numpy as np
import pytest
from browser import chromium_flags, chromium_path, running_server
from fake_camera import moving_frames
from playwright.sync_api import expect

MODEL_MS = 90_000  # the first page waits for torch, the first answer for the weights
EVENTUALLY = 20.0  # seconds; on a busy machine a second becomes several
STREAM = 'iframe[title^="streamlit_webrtc"]'
WORKER = "ewardrobe-live"  # the thread in which the models look
OWN_THREADS = (WORKER, "stream-watch", "clip-reader", "async_media_processor", "ShutdownPolling")

TORSO, CORNER = (0.44, 0.45, 0.56, 0.6), (0.02, 0.02, 0.12, 0.12)  # where the clip's person is, swaying, and is not
OTHER_CORNER = (0.88, 0.02, 0.98, 0.12)  # the picture may be mirrored

# Mean RGB of a rectangle given in fractions: WebRTC changes the resolution with the bandwidth that it sees.
MEAN_RGB = """(video, [x0, y0, x1, y1]) => {
  const [w, h] = [video.videoWidth, video.videoHeight]
  const context = new OffscreenCanvas(w, h).getContext('2d')
  context.drawImage(video, 0, 0)
  const pixels = context.getImageData(x0 * w, y0 * h, (x1 - x0) * w, (y1 - y0) * h).data
  const sum = [0, 0, 0]
  for (let i = 0; i < pixels.length; i += 4) for (const c of [0, 1, 2]) sum[c] += pixels[i + c]
  return sum.map((s) => s / (pixels.length / 4))
}"""
FRAMES = "video => video.videoWidth && video.currentTime > 0 ? video.getVideoPlaybackQuality().totalVideoFrames : 0"


def eventually(check, what: str, seconds: float = EVENTUALLY) -> float:
    """Wait until ``check()`` is true; return the seconds that it took."""
    start = time.monotonic()
    while not check():
        assert time.monotonic() - start < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(0.05)
    return time.monotonic() - start


def open_live(page, base_url: str):
    """Open the live page; return the frame in which its stream is."""
    page.goto(f"{base_url}/live_try_on")
    expect(page.get_by_role("heading", name="Live try-on")).to_be_visible(timeout=MODEL_MS)
    return the_stream(page)


def the_stream(page):
    """Return the frame of the only stream: where another source was chosen, the old one's goes with the next run."""
    expect(page.locator(STREAM)).to_have_count(1, timeout=MODEL_MS)
    return page.frame_locator(STREAM)


def start(stream):
    """Press Start; return the video when its frames advance: there is a <video> before there is a picture."""
    stream.get_by_role("button", name="Start").click(timeout=MODEL_MS)
    video = stream.locator("video")
    video.wait_for(state="attached", timeout=MODEL_MS)
    eventually(lambda: video.evaluate(FRAMES) > 5, "first frames", 40)
    seen = video.evaluate(FRAMES)
    eventually(lambda: video.evaluate(FRAMES) > seen + 10, "more frames")
    return video


def rgb(video, part) -> np.ndarray:
    return np.array(video.evaluate(MEAN_RGB, list(part)))


def is_green(colour) -> bool:
    return colour[1] > 60 and colour[1] > 2.2 * max(colour[0], colour[2])


def choose(page, name: str) -> None:
    page.get_by_role("radio", name=re.compile(rf"{name}$")).click()


@pytest.fixture
def threads(base_url, server_log):
    """Names of the server's threads that a stream needs, as they are now."""
    told = server_log.with_name("threads.txt")
    return lambda: [name for name in told.read_text().split("\n") if name.startswith(OWN_THREADS)]


def gone(threads, capsys, what: str) -> None:
    """Wait until no thread of a stream is left, and tell how long that took."""
    start = time.monotonic()
    models = eventually(lambda: WORKER not in threads(), f"the models' thread ends after: {what}")
    eventually(lambda: not threads(), f"every thread of the stream ends after: {what}")
    with capsys.disabled():
        print(f"\n  {what}: models {models:.2f} s, everything {time.monotonic() - start:.2f} s", end=" ")
    assert models < 5, "a second on a quiet machine"


def test_the_camera_comes_back_in_another_colour_and_in_other_modes(page, base_url, capsys):
    stream = open_live(page, base_url)
    choose(page, "Recolour")
    page.get_by_text("A new colour", exact=True).click()
    expect(page.get_by_text("Choose a garment for its cloth")).to_have_count(0)  # the toggle has had its run
    page.get_by_test_id("stColorPickerBlock").click()
    page.get_by_test_id("stColorPickerPopover").get_by_role("textbox").fill("#00ff00")
    page.keyboard.press("Escape")
    video = start(stream)
    eventually(lambda: is_green(rgb(video, TORSO)), "a green torso", 60)
    assert not is_green(rgb(video, CORNER)), "green only where something is worn"

    times = {}
    choose(page, "Segments")
    times["to segments"] = eventually(lambda: not is_green(rgb(video, TORSO)), "another mode")
    choose(page, "Wear")
    following = page.get_by_role("button", name=re.compile("^Next(?! page)"))  # a long rail has pages as well
    expect(following).to_be_visible()
    time.sleep(1)
    plain = rgb(video, TORSO)
    stream.get_by_role("button", name="Stop").focus()  # as after Start: the keys go to the stream's frame
    assert page.evaluate("document.activeElement.tagName") == "IFRAME"
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(re.compile("^On you: "))).to_be_visible()
    times["a garment, by key"] = eventually(lambda: np.abs(rgb(video, TORSO) - plain).max() > 20, "a garment is put on")
    seen = video.evaluate(FRAMES)
    eventually(lambda: video.evaluate(FRAMES) > seen + 10, "the stream goes on")
    with capsys.disabled():
        print("\n  until it is seen:", *(f"{name} {seconds:.2f} s," for name, seconds in times.items()), end=" ")
    stream.get_by_role("button", name="Stop").click()
    expect(stream.locator("video")).to_have_count(0)


def test_leaving_the_page_or_closing_the_tab_ends_everything(page, base_url, threads, capsys):
    stream = open_live(page, base_url)
    start(stream)
    assert threads().count(WORKER) == 1
    page.get_by_role("link", name="Wardrobe").click()
    gone(threads, capsys, "another page")
    page.get_by_role("link", name="Live try-on").click()
    start(the_stream(page))
    assert threads().count(WORKER) == 1
    page.reload()
    start(the_stream(page))
    eventually(lambda: threads().count(WORKER) == 1, "only the new tab's thread after a reload")
    page.close()
    gone(threads, capsys, "tab closed")


TRACKS = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
window.tracks = []
navigator.mediaDevices.getUserMedia = async (wanted) => {
  const stream = await ask(wanted)
  window.tracks.push(...stream.getTracks())
  return stream
}
"""
UNPLUG = "() => window.tracks.forEach((t) => { t.stop(); t.dispatchEvent(new Event('ended')) })"  # as a browser does


def test_two_tabs_and_a_camera_that_is_unplugged_in_one(page, base_url, threads, capsys):
    page.add_init_script(TRACKS)
    other = page.context.new_page()
    start(open_live(page, base_url))
    second = start(open_live(other, base_url))
    eventually(lambda: threads().count(WORKER) == 2, "each tab has its own", 90)  # its page waits for the models
    for tab in (page, other):  # a thread that is loading the models ends after that
        expect(tab.get_by_text(re.compile("a second at"))).to_be_visible(timeout=MODEL_MS)
    frame = next(f for f in page.frames if f.evaluate("() => Boolean(window.tracks?.length)"))
    frame.evaluate(UNPLUG)
    ended = eventually(lambda: threads().count(WORKER) == 1, "the models' thread of the unplugged camera ends")
    expect(page.get_by_text("The camera is gone.")).to_be_visible()
    expect(the_stream(page).get_by_role("button", name="Start")).to_be_visible()
    seen = second.evaluate(FRAMES)
    eventually(lambda: second.evaluate(FRAMES) > seen + 10, "the other tab goes on")
    with capsys.disabled():
        print(f"\n  unplugged: models {ended:.2f} s", end=" ")
    for tab in (other, page):
        tab.close()
    gone(threads, capsys, "both tabs closed")


def test_a_video_plays_in_place_of_the_camera(page, base_url, webcam_picture, threads, capsys):
    open_live(page, base_url)
    choose(page, "Video")
    page.locator("input[type=file]").set_input_files(
        {"name": "letter.mp4", "mimeType": "video/mp4", "buffer": b"Dear Sir or Madam"}
    )
    expect(page.get_by_text("letter.mp4: not a video")).to_be_visible()
    page.locator("input[type=file]").set_input_files(
        {"name": "me.mp4", "mimeType": "video/mp4", "buffer": video_of(webcam_picture)}
    )
    expect(page.get_by_text("letter.mp4: not a video")).to_have_count(0)
    stream = the_stream(page)
    video = start(stream)
    parts = [rgb(video, part) for part in (TORSO, CORNER, OTHER_CORNER)]
    assert np.ptp(parts, axis=0).max() > 10, "a picture, not one colour"
    stream.get_by_role("button", name="Stop").click()
    expect(stream.locator("video")).to_have_count(0)
    eventually(lambda: "clip-reader_0" not in threads(), "nobody reads the file any more")


def video_of(picture: np.ndarray) -> bytes:
    """An MP4 of 3 seconds in which ``picture`` sways."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=15)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        for frame in moving_frames(picture, 45):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def test_failing_models_leave_the_stream_alive(page, tmp_path):
    log = tmp_path / "server.log"
    with running_server(tmp_path / "home", log, "tests/e2e/failing_app.py") as url:
        page.goto(url)
        stream = the_stream(page)
        video = start(stream)
        expect(page.get_by_text(re.compile("error=RuntimeError: the model broke"))).to_be_visible()
        seen = video.evaluate(FRAMES)
        eventually(lambda: video.evaluate(FRAMES) > seen + 30, "the raw picture goes on")
        stream.get_by_role("button", name="Stop").click()
        expect(stream.locator("video")).to_have_count(0)
    assert log.read_text().count("Traceback") == 1, "logged once, not for every frame"


def test_without_a_camera_the_page_says_why(browser, base_url, webcam_clip):
    flags = [flag for flag in chromium_flags(webcam_clip) if "fake-device" not in flag and "fake-video" not in flag]
    other = browser.browser_type.launch(executable_path=chromium_path(), headless=True, args=flags)
    try:
        page = other.new_page()
        open_live(page, base_url)
        expect(page.get_by_text("No camera was found.")).to_be_visible(timeout=MODEL_MS)
        page.get_by_role("radio", name=re.compile("Sample clip$")).wait_for()
    finally:
        other.close()
