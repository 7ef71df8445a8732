"""Python imports this when the app's server starts under test: its threads show their names to the tests.

``EWARDROBE_TEST_LOOPBACK=1``: aioice leaves 127.0.0.1 out, so that on a machine with no other address there would be
no ICE candidate at all.
"""

import os
import sys
import threading

if os.environ.get("EWARDROBE_TEST_LOOPBACK") == "1":
    import aioice.ice

    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def _show_names() -> None:
    """Give each new thread its name in /proc as well, which Python does by itself from 3.14 on."""
    import ctypes

    libc, bootstrap = ctypes.CDLL(None), threading.Thread._bootstrap

    def named(thread: threading.Thread) -> None:
        libc.prctl(15, thread.name.encode()[:15], 0, 0, 0)  # PR_SET_NAME
        bootstrap(thread)

    threading.Thread._bootstrap = named


if sys.platform == "linux" and sys.version_info < (3, 14):
    _show_names()
