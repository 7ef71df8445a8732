"""What is still to be sent when another run starts."""

from __future__ import annotations

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

from ewardrobe.app import streamlit_internals


@pytest.fixture
def queue(monkeypatch) -> ForwardMsgQueue:
    """A queue with a whole run of a page in it: an element of its own, two of a fragment, the end."""
    monkeypatch.setattr(ForwardMsgQueue, "clear", ForwardMsgQueue.clear)  # it is as it was afterwards
    streamlit_internals.mend_library()
    queue = ForwardMsgQueue()
    for message in (text(0, "page"), text(1, "old", "fragment"), known(2), finished()):
        queue.enqueue(message)
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


def test_the_run_of_a_fragment_waits_behind_what_is_to_be_sent(queue):
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["fragment"])
    queue.enqueue(text(1, "new", "fragment"))
    assert queue.flush() == [
        text(0, "page"),
        text(1, "old", "fragment"),
        known(2),
        finished(),
        text(1, "new", "fragment"),
    ]
    assert queue.is_empty()


def test_the_run_of_the_whole_page_replaces_what_is_to_be_sent(queue):
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=None)
    (kept,) = queue.flush()
    assert kept.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
    assert queue.is_empty()


def test_mending_twice_is_mending_once(queue):
    streamlit_internals.mend_library()
    queue.clear(retain_lifecycle_msgs=True)
    assert [message.WhichOneof("type") for message in queue.flush()] == ["script_finished"]
