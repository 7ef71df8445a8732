"""Python imports this when the app's server starts under test: it tells the tests which threads run there.

``EWARDROBE_TEST_THREADS``: the file that gets their names, one a line, ten times a second.
``EWARDROBE_TEST_LOOPBACK=1``: aioice leaves 127.0.0.1 out, so that on a machine with no other address there would be
no ICE candidate at all.
"""

import os
import threading
import time

if os.environ.get("EWARDROBE_TEST_LOOPBACK") == "1":
    import aioice.ice

    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]


def _tell_threads(path: str) -> None:
    while True:
        with open(path + ".part", "w") as file:
            file.write("\n".join(sorted(thread.name for thread in threading.enumerate())))
        os.replace(path + ".part", path)
        time.sleep(0.1)


# A process that the server starts would write over it.
if path := os.environ.pop("EWARDROBE_TEST_THREADS", ""):
    threading.Thread(target=_tell_threads, args=(path,), name="test-threads", daemon=True).start()
