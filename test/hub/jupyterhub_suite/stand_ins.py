"""Stand-ins for what JupyterHub's tests know of LocalProcessSpawner: its process, user_env, a payload.

Owns the spawner class that the tests get. The service that it asks is portwrapped.py's.
"""

import os
import select
import signal

from portwrap_spawner import PortwrapSpawner

# Our starts end when the server answers; the payload of test_spawner.py only sleeps.
ANSWERING = """
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
ThreadingHTTPServer(("0.0.0.0", 8888), SimpleHTTPRequestHandler).serve_forever()
"""


class SandboxProcess:
    """The part of subprocess.Popen that the tests use, for the first process of a sandbox."""

    def __init__(self, pid):
        self._pid = pid
        self._ended = os.pidfd_open(pid)

    def poll(self):
        return 0 if select.select([self._ended], [], [], 0)[0] else None

    def terminate(self):
        # As pid 1 of its namespace it would ignore SIGTERM.
        os.kill(self._pid, signal.SIGKILL)

    def wait(self, timeout):
        select.select([self._ended], [], [], timeout)


class Portwrapped(PortwrapSpawner):
    """PortwrapSpawner with LocalProcessSpawner's hooks, so that the mock spawners can derive from it."""

    @property
    def proc(self):
        return SandboxProcess(self._started.pid)

    def user_env(self, env):
        return env

    def get_env(self):
        return self.user_env(super().get_env())

    def _request(self, spawn_id, tls):
        # The tests choose options that no profile has; the service would refuse them, as it must.
        return dict(super()._request(spawn_id, tls), user_options={})


def only_the_pid(normalize_user):
    """The tests compare the spawner's state with LocalProcessSpawner's, which is the pid alone."""

    def normalize(user):
        for server in user.get("servers", {}).values():
            if isinstance(server["state"], dict):
                server["state"] = {key: server["state"][key] for key in ("pid",) if key in server["state"]}
        return normalize_user(user)

    return normalize
