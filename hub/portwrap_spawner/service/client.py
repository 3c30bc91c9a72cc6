"""The spawner protocol (docs/protocol.md) as method calls.

Owns addresses, the token's header, JSON and what an error answer means. Keeps nothing about any
server, and decides nothing about repeating a request but whether it may be repeated.
"""

from __future__ import annotations

import json
from typing import Any, AsyncIterator, Callable, Dict, Iterable, List, Optional, Tuple
from urllib.parse import quote, urlencode

from .deadline import deadline
from .exchange import Answer, Endpoint, ServiceUnreachable, exchange
from ..printable import one_line, printable

Json = Dict[str, Any]

# One more whenever we begin to send, or to need, what a service before that does not know: the service
# says in words that one of the two must be upgraded (docs/protocol.md).
PROTOCOL = 1
# An answer to anything but a stop comes at once: the service never waits for a server in it.
REQUEST_TIMEOUT = 10.0
# A stop answers when the server is gone. Asked again after this: it may be repeated at will.
STOP_TIMEOUT = 120.0
# The service sends a comment every 8 s; three missed ones mean that the connection is dead.
STREAM_SILENCE = 30.0


class ServiceError(Exception):
    """The service answered with an error. `code` is what to branch on. `is_foreign`: it was not the service
    that answered, but a reverse proxy in front of it, or something else at its address."""

    def __init__(self, status: int, body: Json, is_foreign: bool = False) -> None:
        self.status = status
        self.is_foreign = is_foreign
        self.code = one_line(body.get("code") or "")
        self.message = one_line(body.get("message") or "the answer was HTTP {}".format(status))
        self.hint = one_line(body.get("hint") or "")
        log = body.get("log")
        self.log: List[str] = [printable(line) for line in log] if isinstance(log, list) else []
        self.state_id = str(body.get("state_id") or "")
        self.boot_id = str(body.get("boot_id") or "")
        super().__init__("{}: {}".format(self.code or "HTTP {}".format(status), self.message))


def passes(error: Exception) -> bool:
    """Whether the same request may succeed in a moment: the service is down, or is starting up."""
    if isinstance(error, ServiceError):
        gateway = error.status in (502, 503, 504) and not error.code
        return error.code == "STARTING_UP" or gateway
    return isinstance(error, ServiceUnreachable)


class ServiceClient:
    """`token` is called for every request, so that a rotated token file needs no restart of the hub."""

    def __init__(self, url: str, token: Callable[[], str]) -> None:
        self._endpoint = Endpoint(url)
        self._token = token

    async def start(self, user: str, name: str, request: Json) -> Json:
        body = json.dumps(request).encode("utf-8")
        return await self._json("POST", _path(user, name), body)

    async def get(self, user: str, name: str, spawn_id: str = "") -> Json:
        return await self._json("GET", _path(user, name) + _query(spawn_id=spawn_id))

    async def profiles(self, user: str, groups: Iterable[str]) -> List[Json]:
        """What this user may start, the default first."""
        target = "/api/users/{}/profiles".format(quote(user, safe=""))
        query = urlencode([("group", group) for group in groups])
        answer = await self._answer("GET", target + ("?" + query if query else ""))
        if not isinstance(answer, list):
            raise ServiceUnreachable("the answer is not a list of profiles")
        return answer

    async def stop(self, user: str, name: str, spawn_id: str, now: bool = False) -> None:
        """Returns when the server is gone."""
        target = _path(user, name) + _query(spawn_id=spawn_id, now="true" if now else "")
        async with exchange(
            self._endpoint, "DELETE", target, self._headers(), None, STOP_TIMEOUT
        ) as answer:
            await _refuse_errors(answer)

    async def progress(
        self, user: str, name: str, spawn_id: str, last_event_id: str
    ) -> AsyncIterator[Tuple[str, Json]]:
        """(event id, event) pairs, until the service ends the stream or the connection breaks."""
        headers = self._headers()
        headers["Accept"] = "text/event-stream"
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        target = _path(user, name) + "/progress" + _query(spawn_id=spawn_id)
        async with exchange(
            self._endpoint, "GET", target, headers, None, REQUEST_TIMEOUT
        ) as answer:
            await _refuse_errors(answer)
            async for event in _events(answer):
                yield event

    async def _json(self, method: str, target: str, body: Optional[bytes] = None) -> Json:
        answer = await self._answer(method, target, body)
        if not isinstance(answer, dict):
            raise ServiceUnreachable("the answer is not a JSON object")
        return answer

    async def _answer(self, method: str, target: str, body: Optional[bytes] = None) -> Any:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        async with exchange(
            self._endpoint, method, target, headers, body, REQUEST_TIMEOUT
        ) as answer:
            await _refuse_errors(answer)
            try:
                return json.loads((await _body(answer)).decode("utf-8"))
            except ValueError:
                raise ServiceUnreachable("the answer is not JSON") from None

    def _headers(self) -> Dict[str, str]:
        return {"Authorization": "token " + self._token(), "Portwrap-Protocol": str(PROTOCOL)}


def _path(user: str, name: str) -> str:
    path = "/api/users/" + quote(user, safe="")
    return path + ("/servers/" + quote(name, safe="") if name else "/server")


def _query(**fields: str) -> str:
    given = {key: value for key, value in fields.items() if value}
    return "?" + urlencode(given) if given else ""


def _parse(body: bytes) -> Optional[Json]:
    try:
        parsed = json.loads(body.decode("utf-8"))
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


async def _refuse_errors(answer: Answer) -> None:
    if 200 <= answer.status < 300:
        return
    body = _parse(await _body(answer)) or {}
    if isinstance(body.get("code"), str):
        raise ServiceError(answer.status, body)
    raise ServiceError(answer.status, {}, is_foreign=True)


async def _body(answer: Answer) -> bytes:
    async with deadline(REQUEST_TIMEOUT):
        return await answer.read()


async def _events(answer: Answer) -> AsyncIterator[Tuple[str, Json]]:
    """https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation"""
    event_id, data = "", []  # type: str, List[str]
    lines = answer.lines()
    while True:
        try:
            async with deadline(STREAM_SILENCE):
                line = await lines.__anext__()
        except StopAsyncIteration:
            return
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            event = _parse("\n".join(data).encode("utf-8")) if data else None
            data = []
            if event is not None:
                yield event_id, event
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)
