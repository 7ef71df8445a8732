"""All of Streamlit's and streamlit-webrtc's insides that the app uses: patches, private names, ids of elements.

What their documentation does not promise stands here and nowhere else.  A new version of either may change it without
a word, so a patch looks first at what it replaces, and `tests/app/test_streamlit_internals.py` fails when one is no
longer needed.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import signal
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from streamlit import runtime
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.runtime.scriptrunner import get_script_run_ctx

LOGGER = logging.getLogger(__name__)

# Ids of elements, for styles and scripts

COLUMN = "[data-testid=stColumn]"
LAYOUT_WRAPPER = "[data-testid=stLayoutWrapper]"
CHOICE = "button[role=radio]"
"""An option of `st.pills` or `st.segmented_control` of which one is chosen."""

STREAM_FRAME = "iframe[title^=streamlit_webrtc]"
"""The frame in which streamlit-webrtc shows a stream; of the page's own origin."""

# Patches


@dataclass(frozen=True)
class Patch:
    """Another function in the place of a library's own.

    versions: the beginning of the library's version that was looked at.  at_fault: its function that goes wrong;
    source: what `source_of` says of it.
    """

    package: str
    versions: str
    at_fault: Callable | None
    source: str
    owner: Any
    name: str
    replacement: Callable

    def apply(self) -> bool:
        """Replace the function.

        Where the library is another than the one that was looked at, its own function stays, a line in the log says
        so, and ``False`` is returned.
        """
        found = version(self.package)
        known = f"{found}.".startswith(f"{self.versions}.") and source_of(self.at_fault) == self.source
        if known and hasattr(self.owner, self.name):
            setattr(self.owner, self.name, self.replacement)
            return True
        LOGGER.warning(
            "%s %s is not patched: its %s is another than in %s", self.package, found, self.name, self.versions
        )
        return False


def source_of(function: Any) -> str:
    """Return the first 16 digits of the SHA-256 of a function's source; "" where there is no source."""
    try:
        return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]
    except (OSError, TypeError):
        return ""


_clear = ForwardMsgQueue.clear


def _keep_in_order(
    self: ForwardMsgQueue,
    retain_lifecycle_msgs: bool = False,
    fragment_ids_this_run: list[str] | None = None,
) -> None:
    """Let the next run wait behind what is still to be sent.

    When a run starts, Streamlit takes elements that are not sent yet out of the queue.  What it was told in the run
    before, it does not tell again.  So a value that is sent once, for a widget that the browser does not know, is lost:
    the widget is blank.  A fragment's run also leaves the message that the run of the page is complete, so the browser
    takes the missing widgets for gone and forgets what was chosen in them; and it leaves elements that the browser
    already has (over 10 kB) in places that do not exist yet, at which the page goes blank ("Bad delta path index").
    All of it happens to who clicks while a page is still being drawn.  Kept in order, nothing goes wrong.
    """
    if retain_lifecycle_msgs:
        self._delta_index_map = {}  # what comes now is another run's: never merged into what stands before it
    else:
        _clear(self)


def _no_session_info() -> None:
    """Let streamlit-webrtc look for no orphaned streams.

    It takes a running stream for an orphan now and then and closes it just after it connected (4 of 110 starts under
    load): it counts script runs between two renderings, but Streamlit counts a run when its last message is sent, so
    that two quick runs look like one without the component.  Without the session's info it does not look; leaving the
    page is noticed by `live.slots` and by the library's own observer.
    """


def queue_patch() -> Patch:
    """Return the patch of Streamlit's queue of messages to the browser."""
    return Patch("streamlit", "1.67", _clear, "08d22c7db31b85d4", ForwardMsgQueue, "clear", _keep_in_order)


def orphan_patch() -> Patch:
    """Return the patch of streamlit-webrtc's search for orphaned streams."""
    from streamlit_webrtc import component  # takes a second, and only the live page needs it

    at_fault, name = getattr(component, "_get_or_create_context", None), "get_this_session_info"
    return Patch("streamlit-webrtc", "0.79", at_fault, "c51127019797042b", component, name, _no_session_info)


@cache
def mend_streamlit() -> None:
    """Mend what Streamlit gets wrong, once a process; for the start of a server."""
    queue_patch().apply()


@cache
def mend_webrtc() -> None:
    """Mend what streamlit-webrtc gets wrong, once a process; before a stream is shown.

    What goes wrong in its threads is logged to nobody: errors go to stderr from now on.
    """
    orphan_patch().apply()
    logger = logging.getLogger("streamlit_webrtc")
    handler = logging.StreamHandler()
    handler.setLevel(logging.ERROR)  # a warning for every frame that was dropped would be noise
    logger.addHandler(handler)


# The server's end


def take_interrupt() -> bool:
    """Tell whether Ctrl-C ends the server, and let its command end well.

    uvicorn raises the signal once more when all is closed, at which Streamlit's command says "Aborted!" and fails.
    """
    server = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    captured = getattr(server, "_captured_signals", None)
    if not isinstance(captured, list) or signal.SIGINT not in captured:
        return False
    captured[:] = [number for number in captured if number != signal.SIGINT]
    return True


# Widgets


def is_kept(key: str) -> bool:
    """Tell whether the widget with this session key has a value since an earlier run.

    It has none if that run ended without drawing it.  ``key in st.session_state`` does not say so: the browser, which
    learns of the end later, may still have told of the widget.
    """
    state = _session_state()
    return state.get_widget_id_from_key(key) in state._old_state


def is_told(key: str) -> bool:
    """Tell whether the browser told of the widget with this session key in what it last sent: so it shows it."""
    state = _session_state()
    return state.get_widget_id_from_key(key) in state._new_widget_state


def _session_state() -> Any:
    running = get_script_run_ctx()
    assert running is not None, "only a page's script asks"
    return running.session_state._state


# Who looks

ARRIVAL_SECONDS = 5.0
"""By then the server names the page whose script runs."""


class Viewer:
    """The browser tab and the page for which a stream was made, seen from the server."""

    def __init__(self, session_id: str, app_session: Any, page: str) -> None:
        """app_session: Streamlit's ``AppSession``, held weakly; page: its ``page_script_hash``."""
        self.session_id, self.page, self._app_session = session_id, page, weakref.ref(app_session)
        self._before, self._since = app_session.page_script_hash, time.monotonic()

    def left_page(self) -> bool:
        """Tell whether the tab shows another page by now.

        A busy server still names the page before for a while after this one's script has begun: that is no leaving.
        """
        app_session = self._app_session()
        if app_session is None:
            return True
        now = app_session.page_script_hash
        if now == self.page or time.monotonic() - self._since > ARRIVAL_SECONDS:
            self._before = self.page
        return bool(self.page) and now not in ("", self.page, self._before)

    def closed_tab(self) -> bool:
        """Tell whether the tab is closed or loaded again: Streamlit has lost its connection."""
        return not runtime.exists() or not runtime.get_instance().is_active_session(self.session_id)


def current_viewer() -> Viewer | None:
    """Return who runs this script; None outside a running server (a test of the page alone)."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return None
    try:
        info = runtime.get_instance()._session_mgr.get_session_info(context.session_id)
    except AttributeError:  # AppTest's runtime knows no sessions
        return None
    return Viewer(context.session_id, info.session, context.page_script_hash) if info else None


def tab_id() -> str:
    """Return what tells this script's browser tab from all others; "" outside a script."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def stop_of(stream: Any) -> Callable[[], None] | None:
    """Return what ends the connection of a stream (``WebRtcStreamerContext``); None while it has none."""
    worker = stream._get_worker()
    return worker.stop if worker else None
