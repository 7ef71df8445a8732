"""Who is let in: requests to another address than an allowed one, or from another site's page, are refused.

A web page anywhere can make the browser that shows it send requests to this machine, and can give this machine a name
of its own (DNS rebinding) to read what is answered.  So the address that was asked for (``Host``) and the page that
asks (``Origin``) are checked before Streamlit sees a request, of websockets too: Streamlit's own check leaves pages,
pictures and uploads open, and asks a server on the internet for this machine's address.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

from ewardrobe.core.process import SettingError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

LOGGER = logging.getLogger(__name__)

LOCAL = ("localhost", "127.0.0.1", "::1")
VARIABLE = "EWARDROBE_HOSTS"
TOLD_AT_MOST = 20
"""Lines in the log about who was refused; whoever asks again and again must not fill the disk."""

BAD_REQUEST = "eWardrobe was asked for in a way that names no address."
BAD_HOST = (
    "eWardrobe does not answer at {name}. It is open to this machine only (http://localhost), and to the addresses in "
    f"{VARIABLE}. If this address is yours, stop it and start it with {VARIABLE}={{name}} (docs/remote.md says more)."
)
BAD_ORIGIN = (
    "eWardrobe does not answer a page of {name}. If that is the address at which you open it, "
    f"stop it and start it with {VARIABLE}={{name}} (docs/remote.md says more)."
)


def allowed_hosts() -> list[str]:
    """Return the names and addresses in ``EWARDROBE_HOSTS``, which commas part; ``SettingError`` if one is none."""
    return [_allowed(host.strip()) for host in os.environ.get(VARIABLE, "").split(",") if host.strip()]


def _allowed(host: str) -> str:
    version_6 = host.count(":") > 1
    name = host_of(f"[{host}]" if version_6 else host)
    if name is None or "*" in host or (":" in host and not version_6):
        raise SettingError(
            f"{VARIABLE}: {host!r} is no name or address. Expected is a list such as 192.168.1.20,wardrobe.local: "
            "no http://, no port, no *"
        )
    return name


def host_of(address: str) -> str | None:
    """Return the name in ``NAME[:PORT]`` in lower case; None where there is none.

    >>> host_of("LocalHost:8501"), host_of("[::1]:8501"), host_of("me@localhost"), host_of("null")
    ('localhost', '::1', None, 'null')
    """
    try:
        parts = urlsplit(f"//{address}")
        _ = parts.port  # a port that is no number raises
    except ValueError:
        return None
    whole = parts.netloc == address and "@" not in address
    return parts.hostname.rstrip(".") if whole and parts.hostname else None


class Doorkeeper:
    """ASGI middleware that lets in requests to this machine, and to ``hosts``, from pages at the same addresses."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        """hosts: as `allowed_hosts` returns them; any port and either scheme will do."""
        self.app, self.hosts = app, {*LOCAL, *hosts}
        self._told: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif problem := self._problem(Headers(scope=scope)):
            self._tell(problem)
            closed, told = WebSocketClose(1008, "not allowed"), PlainTextResponse(f"{problem}\n", 403)
            await (closed if scope["type"] == "websocket" else told)(scope, receive, send)
        else:
            await self.app(_as_own_page(scope), receive, send)

    def _problem(self, headers: Headers) -> str | None:
        """Return why a request is refused; None where all is well."""
        asked = headers.getlist("host")
        name = host_of(asked[0]) if len(asked) == 1 else None
        if name is None:
            return BAD_REQUEST
        if name not in self.hosts:
            return BAD_HOST.format(name=name)
        pages = [host_of(origin.partition("://")[2]) or origin for origin in headers.getlist("origin")]
        foreign = [page for page in pages if page not in self.hosts]
        return BAD_ORIGIN.format(name=foreign[0]) if foreign else None

    def _tell(self, problem: str) -> None:
        if problem not in self._told and len(self._told) < TOLD_AT_MOST:
            self._told.add(problem)
            LOGGER.warning("Refused: %s", problem)


def _as_own_page(scope: Scope) -> Scope:
    """Return the scope with the origin of the very address that is asked for.

    Behind a proxy they may differ though both are allowed.  Streamlit would then ask a server on the internet for this
    machine's address, before it looks at its own list.
    """
    (host,) = (value for name, value in scope["headers"] if name == b"host")
    own = (b"origin", b"http://" + host)
    return {**scope, "headers": [own if name == b"origin" else (name, value) for name, value in scope["headers"]]}
