"""The hub of JupyterHub's tests, with what differs for a spawner whose servers run in sandboxes.

Not here: the spawner and the proxy (portwrapped.py).
"""

import functools
import socket

# A sandbox reaches this port of its host only: hubs[].api_url of the service, by default.
PORT = 8081
# Seconds until a start or a stop is "slow", and its request is answered before it is done. The tests expect
# LocalProcessSpawner's, which answer within the usual 10 s, also on a machine that is busy.
PATIENCE = 60


def adapt(hub_class):
    """Changes the class that the tests use. Hubs that a test configures otherwise stay as they are."""
    init = hub_class.__init__

    @functools.wraps(init)
    def adapted(self, *args, **kwargs):
        if "hub_port" not in kwargs and _is_free(PORT):
            kwargs["hub_port"] = PORT
        init(self, *args, **kwargs)
        settings = {"slow_spawn_timeout": PATIENCE, "slow_stop_timeout": PATIENCE}
        self.tornado_settings = {**settings, **self.tornado_settings}

    hub_class.__init__ = adapted


def _is_free(port):
    """A hub beside another one gets a random port, as the tests mean it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
