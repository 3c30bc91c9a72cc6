"""Where a server inside a sandbox finds the hub.

Owns the decision whether the hub's own address means something there. Changes nothing itself.
"""

from __future__ import annotations

import ipaddress
from typing import Any, Optional
from urllib.parse import urlsplit, urlunsplit

# Bound to these, a hub listens on loopback too.
ALL_INTERFACES = ("", "0.0.0.0", "::", "[::]")


def gateway_url(hub: Any, gateway: str) -> Optional[str]:
    """The hub's URL by way of the sandbox's gateway, if the hub listens on this machine's loopback
    and nobody said how else to reach it; otherwise None: its own address is right."""
    parts = urlsplit(hub.api_url)
    listens_everywhere = hub.ip in ALL_INTERFACES and not hub.connect_ip and not hub.connect_url
    if not listens_everywhere and not _only_here(parts.hostname or ""):
        return None
    port = ":{}".format(parts.port) if parts.port else ""
    # The caller (Spawner.get_env) adds the path of api_url.
    return urlunsplit((parts.scheme, gateway + port, "", "", ""))


def _only_here(host: str) -> bool:
    if host in ("", "localhost") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
