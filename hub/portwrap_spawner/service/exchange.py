"""One HTTP/1.1 request to the spawner service and its response, over TCP, TLS or a Unix socket.

Not here: paths and JSON of the protocol (client.py). Not tornado's AsyncHTTPClient: it queues beyond ten
requests, keeps the connection of a cancelled request open, and an administrator may have replaced it by curl.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import AsyncIterator, Mapping

from .deadline import deadline
from .endpoint import Endpoint, ServiceMisconfigured
from .response import Response, read_response


class ServiceUnreachable(Exception):
    """There was no response, or none in HTTP. It says nothing about any server."""


@asynccontextmanager
async def exchange(
    endpoint: Endpoint,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: float,
) -> AsyncIterator[Response]:
    """Sends one request and yields its response; closes the connection in every case.

    `timeout` bounds the time until the header section of the response has arrived, not its body.
    A connection that fails raises ServiceUnreachable, also inside the `async with`.
    """
    request = _header_section(endpoint, method, target, headers, body) + (body or b"")
    writer: asyncio.StreamWriter | None = None
    try:
        async with deadline(timeout):
            reader, writer = await endpoint.connect()
            writer.write(request)
            await writer.drain()
            response = await read_response(reader)
        yield response
    except asyncio.TimeoutError:
        raise ServiceUnreachable(f"no response within {timeout:g} s") from None
    except (OSError, EOFError, ValueError) as error:
        # EOFError: IncompleteReadError; ValueError: a line is too long, or it is not HTTP at all.
        raise ServiceUnreachable(str(error) or type(error).__name__) from None
    finally:
        if writer is not None:
            writer.close()


def _header_section(
    endpoint: Endpoint, method: str, target: str, headers: Mapping[str, str], body: bytes | None
) -> bytes:
    fields = {"Host": endpoint.authority, "Connection": "close", **headers}
    if body is not None:
        fields["Content-Length"] = str(len(body))
    lines = [f"{method} {endpoint.prefix}{target} HTTP/1.1"]
    for name, value in fields.items():
        # A line end in a token file must not begin another header field. The value stays out of the message.
        if not value.isprintable():
            raise ServiceMisconfigured(f"the header field {name} holds a character that is not allowed")
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
