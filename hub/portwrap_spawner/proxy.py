"""PortwrapProxy: lets the hub start our front end, or find the one that runs since before its restart.

Owns that decision, the token that both sides keep, and the process that was found. Talks to the proxy as
JupyterHub does to configurable-http-proxy, whose REST API ours has.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
from typing import Any, List, Optional

from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.utils import url_path_join
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.ioloop import PeriodicCallback
from traitlets import Unicode, default


class PortwrapProxy(ConfigurableHTTPProxy):
    """portwrap-proxy: `c.JupyterHub.proxy_class = "portwrap"`.

    It outlives a hub that is killed; with `c.JupyterHub.cleanup_proxy = False` one that is stopped, too.
    """

    auth_token_file = Unicode(
        "portwrap-proxy.token",
        config=True,
        help="""Where the proxy's token is kept, so that a restarted hub can talk to the proxy that it
        finds. Made when it is missing. Not used when auth_token or CONFIGPROXY_AUTH_TOKEN says the token.""",
    )

    @default("command")
    def _our_command(self) -> List[str]:
        return ["portwrap-proxy"]

    @default("pid_file")
    def _our_pid_file(self) -> str:
        return "portwrap-proxy.pid"

    @default("auth_token")
    def _kept_token(self) -> str:
        token = os.environ.get("CONFIGPROXY_AUTH_TOKEN", "")
        return token or (_kept_token(self.auth_token_file) if self.should_start else "")

    async def start(self) -> None:
        """Starts the proxy, unless one that takes our token answers where it would listen."""
        if await self._answers():
            self.log.info("Found a proxy that runs at %s", self.api_url)
            self.proxy_process = _running_process(self.pid_file)
            self._check_running_callback = PeriodicCallback(
                self.check_running, 1e3 * self.check_running_interval
            )
            self._check_running_callback.start()
            return
        if shutil.which(self.command[0]) is None:
            raise RuntimeError(
                "PortwrapProxy.command: there is no program {}; name the one to start, such as"
                ' ["node", "/opt/portwrap-spawner/dist/proxy/main.js"]'.format(self.command[0])
            )
        await super().start()

    async def check_running(self) -> None:
        """Starts it again when it is gone."""
        if isinstance(self.proxy_process, _FoundProcess) and await self._answers():
            return
        await super().check_running()

    async def _answers(self) -> bool:
        request = HTTPRequest(
            url_path_join(self.api_url, "api/routes"),
            headers={"Authorization": "token " + self.auth_token},
            connect_timeout=3,
            request_timeout=5,
        )
        try:
            await AsyncHTTPClient().fetch(request)
            return True
        except HTTPClientError as error:
            if error.code in (401, 403):
                self.log.error(
                    "A proxy at %s does not take our token: is it that of another hub? Its token"
                    " belongs into CONFIGPROXY_AUTH_TOKEN or %s",
                    self.api_url,
                    os.path.abspath(self.auth_token_file),
                )
            return False
        except OSError:
            return False


class _FoundProcess:
    """What JupyterHub asks of a process, for one that is not our child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._identity = _identity(pid)

    def poll(self) -> Optional[int]:
        alive = self._identity is not None and _identity(self.pid) == self._identity
        return None if alive else 0

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def _running_process(pid_file: str) -> _FoundProcess:
    """Without a file, the proxy is somebody else's to end: no process at all."""
    try:
        with open(pid_file, encoding="ascii") as file:
            return _FoundProcess(int(file.read()))
    except (OSError, ValueError):
        return _FoundProcess(0)


def _identity(pid: int) -> Optional[Any]:
    # The start time tells a process from a later one with its number: proc(5), stat, field 22.
    try:
        with open("/proc/{}/stat".format(pid), encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _kept_token(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    with open(descriptor, "w", encoding="ascii") as file:
        token = secrets.token_hex(32)
        file.write(token)
    return token
