"""PortwrapProxy: the hub starts portwrap-proxy, or reuses the one that still runs after a restart of the hub.

Owns that decision and the proxy's token. Not here: its REST API, which is configurable-http-proxy's.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal

from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.utils import url_path_join
from tornado.ioloop import PeriodicCallback
from traitlets import Unicode, default

from .hub_client import NoResponse, status_of


class PortwrapProxy(ConfigurableHTTPProxy):
    """portwrap-proxy: `c.JupyterHub.proxy_class = "portwrap"`.

    It survives a hub that is killed, and with `c.JupyterHub.cleanup_proxy = False` one that is stopped.
    """

    auth_token_file = Unicode(
        "portwrap-proxy.token",
        config=True,
        help="""The file with the proxy's token, by which a restarted hub can use the proxy that still runs.
        Created when it is missing. Not used when auth_token or CONFIGPROXY_AUTH_TOKEN is set.""",
    )

    @default("command")
    def _our_command(self) -> list[str]:
        return ["portwrap-proxy", "--compress"]

    @default("pid_file")
    def _our_pid_file(self) -> str:
        return "portwrap-proxy.pid"

    @default("auth_token")
    def _our_token(self) -> str:
        token = os.environ.get("CONFIGPROXY_AUTH_TOKEN", "")
        return token or (_token_in(self.auth_token_file) if self.should_start else "")

    async def start(self) -> None:
        """Starts the proxy, unless one that accepts our token already responds at its address."""
        if await self._responds():
            self.log.info("Using the proxy that already runs at %s", self.api_url)
            self.proxy_process = _running_process(self.pid_file)
            self._check_running_callback = PeriodicCallback(
                self.check_running, 1e3 * self.check_running_interval
            )
            self._check_running_callback.start()
            return
        if shutil.which(self.command[0]) is None:
            raise RuntimeError(
                f"PortwrapProxy.command: the program {self.command[0]} does not exist; set it to another"
                ' command, such as ["node", "/opt/portwrap-spawner/dist/proxy/main.js"]'
            )
        await super().start()

    async def check_running(self) -> None:
        """Restarts the proxy when it is gone."""
        if isinstance(self.proxy_process, _FoundProcess) and await self._responds():
            return
        await super().check_running()

    async def _responds(self) -> bool:
        url = url_path_join(self.api_url, "api/routes")
        try:
            status = await status_of(url, {"Authorization": f"token {self.auth_token}"})
        except NoResponse as reason:
            process = _running_process(self.pid_file)
            if process.poll() is None:
                self.log.warning(
                    "The proxy of pid %s does not respond at %s: %s", process.pid, self.api_url, reason
                )
            return False
        if status in (401, 403):
            self._log_refusal()
        return status == 200

    def _log_refusal(self) -> None:
        self.log.error(
            "The proxy at %s refuses our token. If it belongs to another hub, choose another port; otherwise"
            " put its token into CONFIGPROXY_AUTH_TOKEN or %s",
            self.api_url,
            os.path.abspath(self.auth_token_file),
        )


class _FoundProcess:
    """The part of subprocess.Popen that JupyterHub uses, for a process that is not our child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._identity = _identity(pid)

    def poll(self) -> int | None:
        alive = self._identity is not None and _identity(self.pid) == self._identity
        return None if alive else 0

    def terminate(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)


def _running_process(pid_file: str) -> _FoundProcess:
    """Without a pid file, no process: then the hub never stops the proxy."""
    try:
        with open(pid_file, encoding="ascii") as file:
            return _FoundProcess(int(file.read()))
    except (OSError, ValueError):
        return _FoundProcess(0)


def _identity(pid: int) -> str | None:
    # The start time distinguishes a process from a later one with the same pid: proc(5), stat, field 22.
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def _token_in(path: str) -> str:
    """Creates the file with a new token if it is missing."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    with open(descriptor, "w", encoding="ascii") as file:
        token = secrets.token_hex(32)
        file.write(token)
    return token
