"""The stream without a browser: whose session draws a frame, when a session ends, why there is no picture."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ewardrobe.app.live import camera_help, stream
from ewardrobe.app.live.slots import QUIET_SECONDS, Slots
from ewardrobe.app.live.stream import IceServersError, ice_servers
from ewardrobe.app.streamlit_internals import ARRIVAL_SECONDS, Viewer

GREY = np.full((4, 6, 3), 128, np.uint8)
SOON = 20.0
"""Seconds that nothing here takes unless it never happens."""


class Session:
    """Paints every frame in one colour; ``fault`` is raised instead."""

    def __init__(self, colour=(255, 0, 0), fault: Exception | None = None) -> None:
        self.colour, self.fault, self.closed = colour, fault, threading.Event()

    def process(self, frame):
        if self.fault:
            raise self.fault
        return np.full_like(frame, self.colour)

    def close(self):
        self.closed.set()
        if self.fault:
            raise self.fault


class Tab:
    """Stands for the viewer: a browser tab that can leave its page and be closed."""

    left = shut = False

    def left_page(self):
        return self.left

    def closed_tab(self):
        return self.shut


@pytest.fixture
def slots():
    table = Slots()
    yield table
    table.close_all()
    watch = table._watch
    if watch:
        watch.join(5)
        assert not watch.is_alive()


def first_pixel(picture) -> tuple[int, ...]:
    return tuple(int(value) for value in picture[0, 0])


def test_a_frame_is_drawn_by_the_session_of_its_key(slots):
    slots.put("a", Session((255, 0, 0)), Tab())
    slots.put("b", Session((0, 0, 255)), Tab())
    assert first_pixel(slots.process("a", GREY)) == (255, 0, 0)
    assert first_pixel(slots.process("b", GREY)) == (0, 0, 255)
    assert slots.process("gone", GREY) is GREY


def test_another_session_takes_over_at_once_and_the_first_is_closed(slots):
    first, second = Session((255, 0, 0)), Session((0, 255, 0))
    ticket = slots.put("a", first, Tab())
    assert slots.put("a", first, Tab()) == ticket and not first.closed.is_set(), "a rerun changes nothing"
    slots.put("a", second, Tab())
    assert first.closed.is_set() and slots.open_session("a") is second
    assert first_pixel(slots.process("a", GREY)) == (0, 255, 0)


def test_an_exception_leaves_the_raw_frame_and_is_logged(slots, caplog):
    slots.put("a", Session(fault=RuntimeError("broken")), Tab())
    assert slots.process("a", GREY) is GREY
    assert "broken" in caplog.text


def test_the_end_of_an_earlier_stream_does_not_end_the_next(slots):
    ticket = slots.put("a", Session(), Tab())
    slots.end("a", ticket)
    second = Session()
    slots.put("a", second, Tab())
    slots.end("a", ticket)
    assert slots.open_session("a") is second and not second.closed.wait(0.5)


@pytest.mark.parametrize("how", ["ended", "left", "shut"])
def test_a_session_is_closed_when_nobody_needs_it(slots, how):
    session, tab, hung_up = Session(), Tab(), threading.Event()
    ticket = slots.put("a", session, tab)
    slots.connect("a", ticket, hung_up.set)
    slots.process("a", GREY)
    assert not session.closed.is_set() and not hung_up.is_set()
    if how == "ended":
        slots.end("a", ticket)
    else:
        setattr(tab, how, True)
    assert session.closed.wait(SOON) and hung_up.wait(SOON)
    assert slots.open_session("a") is None and slots.process("a", GREY) is GREY


def test_a_lost_connection_while_frames_come_is_no_closed_tab(slots):
    session, tab = Session(), Tab()
    slots.connect("a", slots.put("a", session, tab), lambda: None)
    tab.shut = True
    deadline = time.monotonic() + 2.5 * QUIET_SECONDS
    while time.monotonic() < deadline:
        slots.process("a", GREY)
        time.sleep(0.02)
    assert not session.closed.is_set()


def test_a_stream_that_lost_its_connection_to_stop_is_over(slots):
    session = Session()
    ticket = slots.put("a", session, Tab())
    slots.connect("a", ticket, None)
    assert slots.open_session("a") is session, "not connected yet"
    slots.connect("a", ticket, lambda: None)
    slots.connect("a", ticket, None)
    assert session.closed.wait(SOON)


def test_one_stream_a_tab(slots):
    camera, clip, other_tab = Session(), Session(), Session()
    for key, session in (("1/camera", camera), ("1/clip", clip), ("2/camera", other_tab)):
        slots.put(key, session, Tab())
    slots.end_others("1/clip", "1/")
    assert camera.closed.wait(SOON)
    assert slots.open_session("1/clip") is clip and slots.open_session("2/camera") is other_tab
    slots.end_others(None, "1/")
    assert clip.closed.wait(SOON) and not other_tab.closed.is_set()


def test_what_cannot_be_closed_does_not_keep_the_others_open(slots):
    def refuse():
        raise OSError("no")

    first, second = Session(fault=RuntimeError("will not close")), Session()
    for key, session in (("a", first), ("b", second)):
        slots.connect(key, slots.put(key, session, Tab()), refuse)
    slots.end("a", 0)
    slots.end("b", 1)
    assert first.closed.wait(SOON) and second.closed.wait(SOON)


def test_no_thread_is_left(slots):
    for _ in range(20):
        slots.end("a", slots.put("a", Session(), Tab()))
    watch = slots._watch
    if watch is not None:
        watch.join(SOON)
    assert slots._watch is None


def test_at_the_end_of_the_process_all_sessions_are_closed_first(slots):
    slow, waiting = Session(), Session()
    slow.close = lambda: (time.sleep(0.5), slow.closed.set())
    slots.end("a", slots.put("a", slow, Tab()))
    time.sleep(0.1)  # the watch has taken it from the table
    slots.put("b", waiting, Tab())
    slots.shut_down()
    assert slow.closed.is_set() and waiting.closed.is_set()


def test_at_the_end_of_the_process_a_frame_under_way_is_waited_for(slots):
    session, under_way, drawn = Session(), threading.Event(), threading.Event()
    session.process = lambda frame: (under_way.set(), time.sleep(0.5), drawn.set())
    slots.put("a", session, Tab())
    threading.Thread(target=slots.process, args=("a", GREY), daemon=True).start()
    assert under_way.wait(5)
    slots.shut_down()
    assert drawn.is_set()


def test_a_stream_without_a_server_needs_no_watch_to_draw(slots):
    slots.put("a", Session(), None)
    assert first_pixel(slots.process("a", GREY)) == (255, 0, 0)


def test_a_frame_keeps_its_time_and_its_colours(monkeypatch, slots):
    monkeypatch.setattr(stream, "SLOTS", slots)
    slots.put("a", Session((255, 0, 0)), None)
    frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
    frame.pts, frame.time_base = 1234, Fraction(1, 90_000)
    drawn = stream.draw("a", frame)
    assert (drawn.pts, drawn.time_base) == (1234, Fraction(1, 90_000))
    assert first_pixel(drawn.to_ndarray(format="rgb24")) == (255, 0, 0)


# The page


def script():
    import streamlit as st

    from ewardrobe.app.live import stream

    class Still:
        def process(self, frame):
            return frame

        def close(self):
            pass

    session = stream.live_session("live", Still)
    state = stream.stream(session, "live")
    st.text(f"playing={state.playing} same={stream.live_session('live', Still) is session}")
    st.text(f"why={state.why_not}")


@pytest.fixture
def page():
    yield AppTest.from_function(script, default_timeout=30)
    stream.SLOTS.close_all()


def test_a_page_shows_the_stream_again_and_again(page):
    for _ in range(3):
        page.run()
        assert not page.exception
        assert [text.value for text in page.text] == ["playing=False same=True", "why=None"]


def test_bad_ice_servers_are_told_on_the_page(page, monkeypatch):
    monkeypatch.setenv(stream.ICE_VARIABLE, "turn:example.org")
    page.run()
    assert not page.exception and "is not JSON" in page.text[1].value


# Servers for the connection


def test_no_other_machine_is_contacted_by_default(monkeypatch):
    monkeypatch.delenv(stream.ICE_VARIABLE, raising=False)
    assert ice_servers() == []


def test_servers_from_the_environment_and_from_the_secrets(monkeypatch):
    monkeypatch.setenv(stream.ICE_VARIABLE, '[{"urls": "stun:stun.example.org"}]')
    assert ice_servers() == [{"urls": "stun:stun.example.org"}]
    turn = {"urls": ("turn:turn.example.org",), "username": "me", "credential": "secret", "other": 1}
    monkeypatch.setattr(st, "secrets", {"ice_servers": [turn]})
    assert ice_servers() == [{"urls": ["turn:turn.example.org"], "username": "me", "credential": "secret"}]


@pytest.mark.parametrize("text", ["turn:example.org", '{"urls": "turn:a"}', '[{"username": "me"}]', '["turn:a"]', "3"])
def test_what_is_no_list_of_servers_says_what_is_expected(monkeypatch, text):
    monkeypatch.setenv(stream.ICE_VARIABLE, text)
    with pytest.raises(IceServersError, match="Expected is a list such as"):
        ice_servers()


# Why there is no picture


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("", True),
        ("http://localhost:8501/live", True),
        ("http://127.0.0.1:8501", True),
        ("http://[::1]:8501", True),
        ("http://app.localhost", True),
        ("https://wardrobe.example.org", True),
        ("http://192.168.1.20:8501", False),
        ("http://localhost.example.org", False),
    ],
)
def test_where_a_browser_gives_a_camera(url, secure):
    assert camera_help.is_secure(url) is secure
    said = camera_help.explain("", url)
    assert said is None if secure else "HTTPS" in said and url in said


@pytest.mark.parametrize(
    ("report", "cure"),
    [
        ("NotAllowedError: Permission denied", "allow the camera"),
        ("NotReadableError: Could not start video source", "close it"),
        ("Unplugged", "Plug it in again"),
        ("NotFoundError: Requested device not found", "sample clip"),
        ("Error: navigator.mediaDevices is undefined. It seems the current document is not loaded securely.", "HTTPS"),
        ("Connection is taking longer than expected. Check your network", "TURN"),
        ("SomethingNew: `odd`", "SomethingNew: odd"),
    ],
)
def test_every_reason_comes_with_what_to_do(report, cure):
    assert cure in camera_help.explain(report, "http://localhost:8501")


class AppSession(SimpleNamespace):
    """What a viewer asks of Streamlit's ``AppSession``."""


def test_a_server_that_still_names_the_page_before_is_no_leaving():
    tab = AppSession(page_script_hash="start")
    viewer = Viewer("id", tab, "live")
    assert not viewer.left_page()  # the script of "live" runs, and the server has not noticed yet
    tab.page_script_hash = "live"
    assert not viewer.left_page()
    for other in ("start", "wardrobe"):
        tab.page_script_hash = other
        assert viewer.left_page()


def test_who_has_left_before_the_server_noticed_is_gone_some_seconds_later(monkeypatch):
    tab = AppSession(page_script_hash="wardrobe")
    viewer, now = Viewer("id", tab, "live"), time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + ARRIVAL_SECONDS + 1)
    assert viewer.left_page()
