"""Settings of the hub that no server of the service can have: they are refused, never ignored.

Not here: those that are honoured (request.py, and docs/jupyterhub.md for the whole table).
"""

from __future__ import annotations

from typing import Any

# Where a server of JupyterHub's own spawners may be told to listen. Inside a sandbox each of them is right.
ANY_ADDRESS = ("", "0.0.0.0", "127.0.0.1", "localhost", "::", "::1")


class SettingRefused(Exception):
    """The text names the setting, the reason, and the way out."""


def refuse_settings(spawner: Any) -> None:
    """Raises SettingRefused. Call it before the plugin sets `ip` and `port`."""
    if spawner.mem_guarantee:
        raise SettingRefused(_guarantee("mem_guarantee", "memory"))
    if spawner.cpu_guarantee:
        raise SettingRefused(_guarantee("cpu_guarantee", "CPUs"))
    if spawner.ip not in ANY_ADDRESS:
        raise SettingRefused(
            f'c.Spawner.ip is "{spawner.ip}", which is no address of a sandbox. Remove it: the service forwards'
            " a host port to the server, on the address in ports.host_address of its configuration"
        )
    if spawner.port not in (0, spawner.guest_port):
        raise SettingRefused(
            f"c.Spawner.port is {spawner.port}, but each server has a network, and all ports, of its own."
            " Remove it; c.PortwrapSpawner.guest_port and guest_port of a profile say where servers listen inside"
        )


def _guarantee(setting: str, what: str) -> str:
    return (
        f"c.Spawner.{setting} is set, and the service has limits but keeps no {what} free for anybody."
        " Remove it; limits in the profiles that together fit the machine have the same effect"
    )
