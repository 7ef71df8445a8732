"""The live picture in the page: camera → browser → WebRTC → a live session → WebRTC → browser."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import av
import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit_webrtc import WebRtcMode, webrtc_streamer

from ewardrobe.app import streamlit_internals
from ewardrobe.app.live import camera_help
from ewardrobe.app.live.slots import SLOTS

CAMERA = {"video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30}}, "audio": False}
PICTURE = {
    "autoPlay": True,
    "controls": False,
    "muted": True,
    "playsInline": True,  # a phone would show it full-screen
    "style": {"width": "100%", "borderRadius": "0.5rem"},
}
ICE_VARIABLE = "EWARDROBE_ICE_SERVERS"


@dataclass(frozen=True)
class StreamState:
    """What the stream does; why_not: why there is no picture and what to do about it, in Markdown, or None."""

    playing: bool = False
    why_not: str | None = None


class IceServersError(ValueError):
    """The ICE servers in the secrets or the environment cannot be read; the message says what is expected."""


def live_session(key: str, make: Callable[[], Any]) -> Any:
    """Return the live session of this tab's stream ``key``; ``make()`` one if there is none or its stream has ended.

    Ask in every run: after Stop, and after the page was left, the session is closed and the next one is new.
    """
    full_key = _full_key(key)
    end_others(key)
    session = SLOTS.open_session(full_key)
    if session is None:
        session = make()
        SLOTS.put(full_key, session, streamlit_internals.current_viewer())
    return session


def end_others(key: str | None = None) -> None:
    """End this tab's streams, all but ``key``: a page that shows another one, or none, says so here.

    The browser does not: a connection whose picture was taken away would live for half a minute.
    """
    SLOTS.end_others(key and _full_key(key), _full_key(""))


def stream(session: Any, key: str) -> StreamState:
    """Show the camera as ``session`` (a ``tryon.session.LiveSession``) draws it, with its buttons Start and Stop.

    The session is closed when the stream ends, the page is left, loaded again or closed: within a second.
    """
    state = _streamer(session, key, mode=WebRtcMode.SENDRECV, media_stream_constraints=CAMERA)
    if state.playing or state.why_not:
        return state
    return StreamState(why_not=camera_help.why_no_camera(f"{key}-help"))


def play_clip(session: Any, key: str, make_player: Callable[[], Any]) -> StreamState:
    """Show a video as ``session`` draws it, at the video's own pace, again and again.

    make_player: makes a `clip.ClipPlayer` of an opened video.  Needs no camera and no HTTPS.  Use another ``key`` than
    the camera's.
    """
    return _streamer(session, key, mode=WebRtcMode.RECVONLY, player_factory=make_player)


def _streamer(session: Any, key: str, **kwargs: Any) -> StreamState:
    try:
        servers = ice_servers()
    except IceServersError as error:
        return StreamState(why_not=str(error))
    streamlit_internals.mend_webrtc()
    full_key = _full_key(key)
    ticket = SLOTS.put(full_key, session, streamlit_internals.current_viewer())
    context = webrtc_streamer(
        key=key,
        rtc_configuration={"iceServers": servers},
        video_frame_callback=partial(draw, full_key),
        on_video_ended=partial(SLOTS.end, full_key, ticket),
        video_html_attrs=PICTURE,
        translations=camera_help.WORDS,
        media_toggle_controls=False,
        **kwargs,
    )
    SLOTS.connect(full_key, ticket, streamlit_internals.stop_of(context))
    return StreamState(context.state.playing)


def draw(full_key: str, frame: av.VideoFrame) -> av.VideoFrame:
    """Return ``frame`` as the session of ``full_key`` draws it, with its time; never raises on a session's account."""
    picture = SLOTS.process(full_key, frame.to_ndarray(format="rgb24"))
    drawn = av.VideoFrame.from_ndarray(picture, format="rgb24")
    drawn.pts, drawn.time_base = frame.pts, frame.time_base
    return drawn


def _full_key(key: str) -> str:
    return f"{streamlit_internals.tab_id()}/{key}"


def ice_servers() -> list[dict[str, Any]]:
    """Return the STUN and TURN servers of ``st.secrets["ice_servers"]``, else of ``EWARDROBE_ICE_SERVERS`` (JSON).

    Each {"urls": str or list, "username": str, "credential": str}.  None by default: no other machine is contacted,
    and on one machine or in one network none is needed.  Raises ``IceServersError``.
    """
    try:
        chosen = st.secrets.get("ice_servers")
    except StreamlitSecretNotFoundError:  # there is no secrets.toml
        chosen = None
    if chosen is None:
        try:
            chosen = json.loads(os.environ.get(ICE_VARIABLE) or "[]")
        except ValueError as error:
            raise IceServersError(f"`{ICE_VARIABLE}` is not JSON ({error}). {_EXPECTED}") from error
    if isinstance(chosen, str | Mapping) or not hasattr(chosen, "__iter__"):
        raise IceServersError(f"The ICE servers are not a list. {_EXPECTED}")
    return [_ice_server(entry) for entry in chosen]


_EXPECTED = 'Expected is a list such as `[{"urls": "turn:turn.example.org:3478", "username": "…", "credential": "…"}]`.'


def _ice_server(entry: Any) -> dict[str, Any]:
    """Return one server as plain values: Streamlit's secrets are of a kind of their own."""
    if not isinstance(entry, Mapping) or not entry.get("urls"):
        raise IceServersError(f"An ICE server has no `urls`. {_EXPECTED}")
    urls = entry["urls"] if isinstance(entry["urls"], str) else [str(url) for url in entry["urls"]]
    return {"urls": urls} | {name: str(entry[name]) for name in ("username", "credential") if entry.get(name)}
