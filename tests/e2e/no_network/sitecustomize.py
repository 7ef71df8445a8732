"""Loaded by the app's server only where the machine has no address but loopback.

aioice leaves 127.0.0.1 out of its candidates, so that a camera stream could not be set up at all there.
"""

import aioice.ice

aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
