"""Where the service listens, from PortwrapSpawner.service_url; opens connections to it.

Not here: what is sent (exchange.py).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Tuple
from urllib.parse import urlsplit

from .response import LINE_LIMIT

Connection = Tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ServiceMisconfigured(Exception):
    """The hub's own settings cannot work, whatever the service does."""


class Endpoint:
    """`http://host:port[/prefix]`, `https://...` or `unix:///path`; ServiceMisconfigured otherwise."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket_path = ""
        self._tls: ssl.SSLContext | None = None
        self.prefix = ""
        if parts.scheme == "unix":
            if parts.netloc or not parts.path.startswith("/"):
                raise ServiceMisconfigured(f"service_url {url!r}: write unix:///absolute/path")
            self._socket_path = parts.path
            self.authority = "localhost"
            return
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServiceMisconfigured(
                f"service_url {url!r}: write http://HOST:PORT or unix:///absolute/path"
            )
        if parts.username or parts.password:
            raise ServiceMisconfigured("service_url must not contain a password: use service_token_file")
        self.authority = parts.netloc
        self.prefix = parts.path.rstrip("/")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme == "https":
            self._tls = ssl.create_default_context()

    async def connect(self) -> Connection:
        if self._socket_path:
            return await asyncio.open_unix_connection(self._socket_path, limit=LINE_LIMIT)
        return await asyncio.open_connection(self._host, self._port, limit=LINE_LIMIT, ssl=self._tls)
