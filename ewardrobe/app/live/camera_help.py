"""Why there is no picture from the camera, and what to do about it."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st
from streamlit_webrtc import Translations

from ewardrobe.app import page
from ewardrobe.app.streamlit_internals import STREAM_FRAME

WORDS: Translations = {
    "start": "Start",
    "stop": "Stop",
    "select_device": "Choose camera",
    "select_camera": "Camera",
    "media_api_not_available": "This browser gives no camera to this page",
    "device_ask_permission": "Please allow the camera: the browser asks beside the address",
    "device_not_available": "No camera can be used",
    "device_access_denied": "The camera was not allowed",
}
"""What the component says, in our words."""

INSECURE = (
    "**The browser gives a camera only to a safe address**: HTTPS, or `localhost` on the same machine. "
    "This page was opened at `{origin}`. Open it on the machine itself, or serve it over HTTPS "
    "(docs/remote.md shows how). The sample clip and an uploaded video work here as they are."
)
REASONS = {
    "NotAllowedError": (
        "**The camera is not allowed for this page.** Click the camera or the lock beside the address, allow the "
        "camera, then Start again. Also look whether the system's privacy settings let the browser use the camera."
    ),
    "NotReadableError": (
        "**The camera is busy.** Another program or tab is using it: close it (video calls first), then Start again. "
        "If that does not help, unplug the camera and plug it in again."
    ),
    "NotFoundError": (
        "**No camera was found.** Plug one in, or switch it on (some laptops have a slider or a key for it), then "
        "Start again. Without one, take the sample clip or upload a video."
    ),
    "Unplugged": (
        "**The camera is gone.** It was unplugged, or the system took it away. Plug it in again and press Start, or "
        "take the sample clip or a video."
    ),
    "OverconstrainedError": "**This camera has no picture of the size asked for.** Choose another camera.",
    "mediaDevices": "**The browser gives this page no camera.** It needs HTTPS or `localhost` (docs/remote.md).",
    "longer than expected": (
        "**The connection does not come up.** Between two networks, or behind a strict firewall, a TURN server is "
        "needed (docs/remote.md). On one machine: is a VPN or a firewall blocking UDP?"
    ),
}
"""Part of what the browser or the component reports → what it means."""


def is_secure(url: str) -> bool:
    """Tell whether a browser gives a camera to a page at ``url``: HTTPS, or this very machine.

    An empty URL (unknown) counts as secure: nothing is claimed then.

    >>> is_secure("http://localhost:8501/live"), is_secure("http://192.168.1.5:8501")
    (True, False)
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    own = host in ("", "localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")
    return parts.scheme in ("", "https") or own


def explain(report: str, url: str = "") -> str | None:
    """Return what ``report`` (an error's text in the browser) means and what to do, in Markdown; None if all is well.

    url: the page's address.  An error that is not known is shown as it is.
    """
    if not is_secure(url):
        parts = urlsplit(url)
        return INSECURE.format(origin=f"{parts.scheme}://{parts.netloc}")
    if not report:
        return None
    known = next((text for part, text in REASONS.items() if part in report), None)
    return known or f"**There is no picture.** The browser says: `{report.replace('`', '')}`"


def why_no_camera(key: str) -> str | None:
    """Return why the camera gives no picture, as far as the server and the browser know; None if nothing is wrong."""
    url = st.context.url or ""
    if not is_secure(url):
        return explain("", url)
    # It reports the error that the stream's component shows, or the one that a Start would meet.
    watch = st.components.v2.component("ewardrobe_camera_watch", js=page.script_beside(__file__))
    seen = watch(key=key, data={"stream": STREAM_FRAME}, on_report_change=lambda: None, height=1)
    return explain(str(seen.get("report") or ""))
