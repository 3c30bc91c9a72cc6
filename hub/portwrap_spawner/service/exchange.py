"""One HTTP/1.1 exchange with the spawner service, over TCP, TLS or a unix socket.

Owns bytes: connecting, the request's head, the answer's head and body. Knows no addresses of the
protocol and no JSON (client.py). Not tornado's AsyncHTTPClient: that one queues beyond ten requests,
does not close the connection of a cancelled request, and an administrator may have swapped it for curl.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import AsyncIterator, Dict, Optional, Tuple
from urllib.parse import urlsplit

from .deadline import deadline

# The longest line that is accepted: an event that carries the last lines of a log.
LINE_LIMIT = 1 << 20


class ServiceUnreachable(Exception):
    """Nobody answered, or what answered was not HTTP. Nothing is known about any server."""


class ServiceMisconfigured(Exception):
    """The hub's own settings cannot work, whatever the service does."""


class Endpoint:
    """Where the service listens: `http://host:port[/prefix]`, `https://...` or `unix:///path`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.url = url
        self.socket_path: Optional[str] = None
        self.tls: Optional[ssl.SSLContext] = None
        self.prefix = ""
        if parts.scheme == "unix":
            if parts.netloc or not parts.path.startswith("/"):
                raise ServiceMisconfigured("service_url {!r}: write unix:///absolute/path".format(url))
            self.socket_path = parts.path
            self.authority = "localhost"
            return
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ServiceMisconfigured(
                "service_url {!r}: write http://HOST:PORT or unix:///absolute/path".format(url)
            )
        if parts.username or parts.password:
            raise ServiceMisconfigured("service_url must not hold a password: use service_token_file")
        self.authority = parts.netloc
        self.prefix = parts.path.rstrip("/")
        self.host = parts.hostname
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme == "https":
            self.tls = ssl.create_default_context()

    async def connect(self) -> Tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.socket_path is not None:
            return await asyncio.open_unix_connection(self.socket_path, limit=LINE_LIMIT)
        return await asyncio.open_connection(
            self.host, self.port, limit=LINE_LIMIT, ssl=self.tls
        )


class Answer:
    """The head of an answer, and its body as it arrives."""

    def __init__(
        self, reader: asyncio.StreamReader, status: int, headers: Dict[str, str]
    ) -> None:
        self.status = status
        self.headers = headers
        self._reader = reader

    async def read(self) -> bytes:
        """The whole body."""
        return b"".join([piece async for piece in self.pieces()])

    async def lines(self) -> AsyncIterator[str]:
        """The body line by line, without line ends."""
        rest = b""
        async for piece in self.pieces():
            rest += piece
            if len(rest) > LINE_LIMIT and b"\n" not in rest:
                raise ServiceUnreachable("the answer has a line of more than 1 MiB")
            *whole, rest = rest.split(b"\n")
            for line in whole:
                yield line.rstrip(b"\r").decode("utf-8", "replace")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives; raises when the connection breaks before its end."""
        if self.status in (204, 304):
            return
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            while True:
                size = int((await self._line()).split(b";")[0], 16)
                if size == 0:
                    return
                yield await self._reader.readexactly(size)
                await self._line()
        elif "content-length" in self.headers:
            yield await self._reader.readexactly(int(self.headers["content-length"]))
        else:
            while True:
                piece = await self._reader.read(65536)
                if not piece:
                    return
                yield piece

    async def _line(self) -> bytes:
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise asyncio.IncompleteReadError(line, None)
        return line.strip()


@asynccontextmanager
async def exchange(
    endpoint: Endpoint,
    method: str,
    target: str,
    headers: Dict[str, str],
    body: Optional[bytes],
    timeout: float,
) -> AsyncIterator[Answer]:
    """Sends one request and hands out its answer; the connection is closed whatever happens.

    `timeout` bounds the time until the head of the answer is there, not the body.
    Every failure of the connection comes out as ServiceUnreachable, also inside the `async with`.
    """
    head = _head(endpoint, method, target, headers, body)
    writer: Optional[asyncio.StreamWriter] = None
    try:
        async with deadline(timeout):
            reader, writer = await endpoint.connect()
            writer.write(head + (body or b""))
            answer = await _answer(reader, writer)
        yield answer
    except asyncio.TimeoutError:
        raise ServiceUnreachable("no answer within {:g} s".format(timeout)) from None
    except (OSError, EOFError, ValueError) as error:
        # EOFError: IncompleteReadError; ValueError: a line too long, or no HTTP at all.
        raise ServiceUnreachable(str(error) or type(error).__name__) from None
    finally:
        if writer is not None:
            writer.close()


def _head(
    endpoint: Endpoint, method: str, target: str, headers: Dict[str, str], body: Optional[bytes]
) -> bytes:
    fields = {"Host": endpoint.authority, "Connection": "close"}
    fields.update(headers)
    if body is not None:
        fields["Content-Length"] = str(len(body))
    lines = ["{} {}{} HTTP/1.1".format(method, endpoint.prefix, target)]
    for name, value in fields.items():
        # A line end in a token file must not become a header. The value stays out of the message.
        if not value.isprintable():
            raise ServiceMisconfigured("the header {} holds a character that is not allowed".format(name))
        lines.append("{}: {}".format(name, value))
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
    await writer.drain()
    answer = Answer(reader, 0, {})
    version, _, rest = (await answer._line()).decode("latin-1").partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("the answer is not HTTP/1.1")
    headers: Dict[str, str] = {}
    while True:
        line = (await answer._line()).decode("latin-1")
        if not line:
            break
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Answer(reader, int(rest[:3]), headers)
