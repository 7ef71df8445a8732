"""What the server tells the browser: a fault of Streamlit 1.67 is mended here, see `mend_library`."""

from __future__ import annotations

from streamlit.runtime.forward_msg_queue import ForwardMsgQueue

_clear = ForwardMsgQueue.clear


def mend_library() -> None:
    """Let the run of a fragment wait behind what is still to be sent; a second call changes nothing.

    When a fragment's run starts, Streamlit 1.67 takes that fragment's unsent elements out of the queue, which goes
    wrong when the run of the whole page has just made them.  It leaves the message that this run is complete, so the
    browser takes the missing widgets for gone and forgets what was chosen in them; and it leaves elements that the
    browser already has (over 10 kB) in places that do not exist yet, at which the page goes blank ("Bad delta path
    index").  Both happen to who clicks while a page is still being drawn.  Kept in order, nothing goes wrong.
    """
    ForwardMsgQueue.clear = _keep_for_fragments


def _keep_for_fragments(
    self: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    if fragment_ids_this_run:
        self._delta_index_map = {}  # what comes now is another run's: never merged into what stands before it
    else:
        _clear(self, retain_lifecycle_msgs, fragment_ids_this_run)
