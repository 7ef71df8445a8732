"""Whether the patches of Streamlit and streamlit-webrtc work, are still needed, and stand aside."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest
from streamlit_webrtc import component

from ewardrobe.app import streamlit_internals


@pytest.fixture
def queue(monkeypatch) -> ForwardMsgQueue:
    """A queue as Streamlit has it, with a whole run of a page: an element of its own, two of a fragment, the end."""
    monkeypatch.setattr(ForwardMsgQueue, "clear", streamlit_internals._clear)  # it is as it was afterwards
    queue = ForwardMsgQueue()
    for message in (text(0, "page"), text(1, "old", "fragment"), known(2), finished()):
        queue.enqueue(message)
    return queue


@pytest.fixture
def mended(queue) -> ForwardMsgQueue:
    """The same with the patch."""
    assert streamlit_internals.queue_patch().apply()
    return queue


def text(place: int, body: str, fragment: str = "") -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path[:] = [0, place]
    message.delta.fragment_id = fragment
    message.delta.new_element.text.body = body
    return message


def known(place: int) -> ForwardMsg:
    message = ForwardMsg(ref_hash="what the browser already has")
    message.metadata.delta_path[:] = [0, place]
    return message


def finished() -> ForwardMsg:
    return ForwardMsg(script_finished=ForwardMsg.FINISHED_SUCCESSFULLY)


def test_streamlit_still_loses_what_a_fragments_run_finds_in_the_queue(queue):
    """If this fails, see whether the patch can go."""
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["fragment"])
    assert queue.flush() == [text(0, "page"), known(2), finished()]


def test_the_run_of_a_fragment_waits_behind_what_is_to_be_sent(mended):
    mended.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["fragment"])
    mended.enqueue(text(1, "new", "fragment"))
    assert mended.flush() == [
        text(0, "page"),
        text(1, "old", "fragment"),
        known(2),
        finished(),
        text(1, "new", "fragment"),
    ]
    assert mended.is_empty()


def test_streamlit_still_loses_what_the_next_run_finds_in_the_queue(queue):
    """If this fails, see whether the patch can go."""
    queue.clear(retain_lifecycle_msgs=True)
    (kept,) = queue.flush()
    assert kept.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


def test_the_next_run_of_the_page_waits_behind_what_is_to_be_sent(mended):
    mended.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=None)
    mended.enqueue(text(0, "new page"))
    assert mended.flush() == [text(0, "page"), text(1, "old", "fragment"), known(2), finished(), text(0, "new page")]
    assert mended.is_empty()


def test_a_queue_that_is_emptied_is_empty(mended):
    assert streamlit_internals.queue_patch().apply(), "mending twice is mending once"
    mended.clear()
    assert mended.is_empty()


# Streams


class Stream(component.WebRtcStreamerContext):
    """A stream that was shown in the third run of its page; ``ended`` tells whether the library has given it up."""

    def __init__(self) -> None:
        super().__init__(worker=None, state=component.WebRtcStreamerState(playing=True, signalling=False))
        self._last_rendered_run_count = 3

    @property
    def ended(self) -> bool:
        return not self.state.playing


@pytest.fixture
def stream(monkeypatch) -> Stream:
    """A stream that plays, two runs later; the library looks as it does by itself."""
    stream = Stream()
    stream.__class__.__name__ = component.WebRtcStreamerContext.__name__  # the library compares names
    monkeypatch.setattr(component, "st", SimpleNamespace(session_state={"live": stream}))
    monkeypatch.setattr(component, "get_this_session_info", lambda: SimpleNamespace(script_run_count=5))
    return stream


def test_the_library_still_ends_a_stream_that_missed_a_run(stream):
    """If this fails, see whether the patch can go."""
    assert component._get_or_create_context("live") is stream and stream.ended


def test_a_stream_that_missed_a_run_plays_on(stream):
    assert streamlit_internals.orphan_patch().apply()
    assert component._get_or_create_context("live") is stream and not stream.ended


def test_what_goes_wrong_in_the_librarys_threads_is_logged(capsys):
    streamlit_internals.mend_webrtc.cache_clear()
    logger = logging.getLogger("streamlit_webrtc")
    before = list(logger.handlers)
    streamlit_internals.mend_webrtc()
    (handler,) = [handler for handler in logger.handlers if handler not in before]
    logger.removeHandler(handler)
    assert handler.level == logging.ERROR and type(handler) is logging.StreamHandler


# Another version


@pytest.mark.parametrize("other", [{"versions": "1.6"}, {"source": "0" * 16}, {"at_fault": None}, {"name": "emptied"}])
def test_a_patch_stands_aside_where_the_library_is_another(queue, caplog, other):
    assert not replace(streamlit_internals.queue_patch(), **other).apply()
    assert ForwardMsgQueue.clear is streamlit_internals._clear
    assert "is not patched" in caplog.text


def test_both_patches_fit_the_installed_versions(queue, stream):
    assert streamlit_internals.queue_patch().apply() and streamlit_internals.orphan_patch().apply()


@pytest.mark.parametrize("name", ["COLUMN", "LAYOUT_WRAPPER"])
def test_the_ids_of_elements_are_those_of_the_installed_streamlit(name):
    test_id = getattr(streamlit_internals, name).removeprefix("[data-testid=").removesuffix("]")
    scripts = (Path(streamlit.__file__).parent / "static" / "static" / "js").glob("*.js")
    assert any(re.search(rf"""["'`]{test_id}["'`]""", path.read_text("utf-8")) for path in scripts)


def test_the_streams_frame_is_named_after_its_component():
    """Streamlit gives a component's frame the component's name as its title."""
    prefix = streamlit_internals.STREAM_FRAME.partition("^=")[2].removesuffix("]")
    assert component._component_func.name.startswith(prefix)


# Widgets


def kept_and_told() -> None:
    """A page that shows a text for as long as its owner wants it."""
    import streamlit as st

    from ewardrobe.app.streamlit_internals import is_kept, is_told

    st.session_state["seen"] = (is_kept("text"), is_told("text"))
    if st.session_state.get("show", True):
        st.text_input("Text", key="text")


def test_a_widget_that_a_run_left_out_is_not_kept_though_the_browser_still_tells_of_it():
    at = AppTest.from_function(kept_and_told, default_timeout=30).run()
    assert at.session_state["seen"] == (False, False)
    told = at._tree.get_widget_states()
    at._run(told)
    assert at.session_state["seen"] == (True, True)
    at._run(type(told)())
    assert at.session_state["seen"] == (True, False), "what the server knows, the browser need not know"
    at.session_state["show"] = False
    at.run()
    at._run(told)
    assert at.session_state["seen"] == (False, True), "what the browser tells, the server may have forgotten"
