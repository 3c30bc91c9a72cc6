"""The service's REST API (docs/protocol.md) as method calls.

Owns paths, the token's header field and JSON. Not here: repeating a request (retry.py).
"""

from __future__ import annotations

import json
from typing import Any, AsyncContextManager, AsyncGenerator, Callable, Iterable, Mapping
from urllib.parse import quote, urlencode

from .deadline import deadline
from .endpoint import Endpoint
from .errors import ServiceError
from .event_stream import events
from .exchange import ServiceUnreachable, exchange
from .json_values import Json, object_in
from .response import Response

# Raise it when the plugin begins to send, or to need, what earlier services do not know: the service then
# says which of the two must be upgraded (docs/protocol.md).
PROTOCOL = 1
# The service responds at once to everything but a stop: no response waits for a server.
REQUEST_TIMEOUT = 10.0
# The response to a stop waits until the server is gone. Sent again after this time: it may be repeated.
STOP_TIMEOUT = 120.0


class ServiceClient:
    """Raises ServiceMisconfigured, ServiceUnreachable or ServiceError.

    `token` is called for every request, so that a new token in a file needs no restart of the hub.
    """

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._url = url
        self._token = token

    async def start(self, user: str, name: str, request: Json) -> Json:
        return await self._object("POST", _path(user, name), json.dumps(request).encode())

    async def get(self, user: str, name: str, spawn_id: str = "") -> Json:
        return await self._object("GET", _path(user, name) + _query(spawn_id=spawn_id))

    async def profiles(self, user: str, groups: Iterable[str]) -> list[Json]:
        """What this user may start, the default first."""
        query = urlencode([("group", group) for group in groups])
        target = f"/api/users/{quote(user, safe='')}/profiles" + (f"?{query}" if query else "")
        profiles = await self._value("GET", target)
        if not isinstance(profiles, list):
            raise ServiceUnreachable("the response is not a list of profiles")
        return profiles

    async def maintenance(self) -> Json:
        """Whether servers may be started: `state` is off, planned or on."""
        return await self._object("GET", "/api/maintenance")

    async def stop(self, user: str, name: str, spawn_id: str, now: bool = False) -> None:
        """Returns when the server is gone."""
        target = _path(user, name) + _query(spawn_id=spawn_id, now="true" if now else "")
        async with self._exchange("DELETE", target, self._headers(), None, STOP_TIMEOUT) as response:
            await _raise_for_status(response)

    async def progress(
        self, user: str, name: str, spawn_id: str, last_event_id: str
    ) -> AsyncGenerator[tuple[str, Json], None]:
        """(event id, event) pairs, until the service ends the stream or the connection breaks."""
        headers = {**self._headers(), "Accept": "text/event-stream"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        target = f"{_path(user, name)}/progress{_query(spawn_id=spawn_id)}"
        async with self._exchange("GET", target, headers) as response:
            await _raise_for_status(response)
            async for event in events(response.lines()):
                yield event

    async def _object(self, method: str, target: str, body: bytes | None = None) -> Json:
        value = await self._value(method, target, body)
        if not isinstance(value, dict):
            raise ServiceUnreachable("the response is not a JSON object")
        return value

    async def _value(self, method: str, target: str, body: bytes | None = None) -> Any:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with self._exchange(method, target, headers, body) as response:
            await _raise_for_status(response)
            try:
                return json.loads(await _content(response))
            except ValueError:
                raise ServiceUnreachable("the response is not JSON") from None

    def _exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: float = REQUEST_TIMEOUT,
    ) -> AsyncContextManager[Response]:
        return exchange(Endpoint(self._url), method, target, headers, body, timeout)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"token {self._token()}", "Portwrap-Protocol": str(PROTOCOL)}


def _path(user: str, name: str) -> str:
    server = f"servers/{quote(name, safe='')}" if name else "server"
    return f"/api/users/{quote(user, safe='')}/{server}"


def _query(**fields: str) -> str:
    given = {key: value for key, value in fields.items() if value}
    return f"?{urlencode(given)}" if given else ""


async def _raise_for_status(response: Response) -> None:
    if 200 <= response.status < 300:
        return
    body = object_in(await _content(response)) or {}
    if isinstance(body.get("code"), str):
        raise ServiceError(response.status, body)
    raise ServiceError(response.status, {}, is_foreign=True)


async def _content(response: Response) -> bytes:
    async with deadline(REQUEST_TIMEOUT):
        return await response.read()
