"""The URL at which a server in a sandbox reaches the hub."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

# A hub that binds to one of these listens on loopback too.
ALL_INTERFACES = ("", "0.0.0.0", "::", "[::]")


class HubNotReachable(Exception):
    """Servers in sandboxes cannot connect to the hub; the message says why, and what would be right."""


def gateway_url(hub: Any, gateway: str) -> str | None:
    """The hub's URL at the sandbox's gateway, if the hub is only known by an address of loopback.

    None where the hub's own address is right: it is not loopback, or an administrator has set
    hub_connect_ip or hub_connect_url. Raises HubNotReachable.
    """
    parts = urlsplit(str(hub.api_url))
    if parts.scheme.endswith("unix"):
        raise HubNotReachable(
            "the hub listens at a unix socket, which no sandbox contains: set c.Spawner.hub_connect_url to an"
            f" address over TCP, such as that of the proxy, http://{gateway}:8000, and hubs[].api_url of the"
            " spawner service to the same port"
        )
    listens_everywhere = hub.ip in ALL_INTERFACES
    has_own_address = hub.connect_ip or hub.connect_url or not listens_everywhere
    host = parts.hostname or ""
    if has_own_address and not _is_loopback(host):
        return None
    if not listens_everywhere and not _gateway_leads_to(host):
        raise HubNotReachable(
            f"the hub listens on {host}, and of this machine's loopback addresses sandboxes reach"
            ' 127.0.0.1 only: set c.JupyterHub.hub_ip to "127.0.0.1"'
        )
    port = f":{parts.port}" if parts.port else ""
    # The caller (Spawner.get_env) adds the path of api_url.
    return urlunsplit((parts.scheme, gateway + port, "", "", ""))


def _gateway_leads_to(host: str) -> bool:
    """slirp4netns and pasta pass connections to the gateway on to 127.0.0.1."""
    return host in ("", "127.0.0.1", "localhost") or host.endswith(".localhost")


def _is_loopback(host: str) -> bool:
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
