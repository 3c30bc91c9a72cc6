"""An HTTP/1.1 response, read from a connection: https://www.rfc-editor.org/rfc/rfc9112#section-6

ValueError, EOFError or OSError where it is not HTTP or breaks off. Not here: what it means (client.py).
"""

from __future__ import annotations

import asyncio
from typing import AsyncIterator, Mapping

# The longest line that is accepted: an event with the last lines of a log.
LINE_LIMIT = 1 << 20


class Response:
    """Status and header fields of a response, and its content as it arrives."""

    def __init__(self, reader: asyncio.StreamReader, status: int, headers: Mapping[str, str]) -> None:
        self.status = status
        self._headers = headers
        self._reader = reader

    async def read(self) -> bytes:
        """The whole content."""
        return b"".join([piece async for piece in self._pieces()])

    async def lines(self) -> AsyncIterator[str]:
        """The content line by line, without line ends."""
        rest = b""
        async for piece in self._pieces():
            rest += piece
            if len(rest) > LINE_LIMIT and b"\n" not in rest:
                raise ValueError("the response has a line of more than 1 MiB")
            *whole, rest = rest.split(b"\n")
            for line in whole:
                yield line.rstrip(b"\r").decode("utf-8", "replace")

    async def _pieces(self) -> AsyncIterator[bytes]:
        """The content as it arrives; raises when the connection breaks before its end."""
        if self.status in (204, 304):
            return
        if "chunked" in self._headers.get("transfer-encoding", "").lower():
            while True:
                size = int((await _line(self._reader)).split(";")[0], 16)
                if size == 0:
                    return
                yield await self._reader.readexactly(size)
                await _line(self._reader)
        elif "content-length" in self._headers:
            yield await self._reader.readexactly(int(self._headers["content-length"]))
        else:
            while True:
                piece = await self._reader.read(65536)
                if not piece:
                    return
                yield piece


async def read_response(reader: asyncio.StreamReader) -> Response:
    """Returns when the header section has arrived."""
    version, _, rest = (await _line(reader)).partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError("the response is not HTTP/1.1")
    headers: dict[str, str] = {}
    while True:
        line = await _line(reader)
        if not line:
            return Response(reader, int(rest[:3]), headers)
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()


async def _line(reader: asyncio.StreamReader) -> str:
    line = await reader.readline()
    if not line.endswith(b"\n"):
        raise asyncio.IncompleteReadError(line, None)
    return line.strip().decode("latin-1")
