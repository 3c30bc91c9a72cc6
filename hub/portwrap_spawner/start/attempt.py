"""One start of one server: requests it, follows its progress and returns it when it is ready.

Survives restarts of the service meanwhile. Not here: the state that the hub saves (../started_server.py).
"""

from __future__ import annotations

import asyncio
from typing import Any, Awaitable, Callable, Mapping, TypeVar

from ..printable import one_line
from ..service.client import ServiceClient
from ..service.deadline import deadline
from ..service.errors import ServiceError, may_pass
from ..service.json_values import Json
from ..service.retry import Pauses, persist
from .events import SpawnEvents
from .ports_hint import ports_hint

Result = TypeVar("Result")


class Attempt:
    """`learn` is called with every response that describes the server; `hub`: the settings of its web application."""

    def __init__(
        self,
        client: ServiceClient,
        user: str,
        name: str,
        events: SpawnEvents,
        learn: Callable[[Json], None],
        log: Any,
        hub: Mapping[str, Any],
    ) -> None:
        self._client = client
        self._user = user
        self._name = name
        self._events = events
        self._learn = learn
        self._log = log
        self._hub = hub

    async def run(
        self,
        request: Json,
        timeout: float,
        alternative: Callable[[ServiceError], Json | None],
    ) -> Json:
        """The ready server; ServiceError with the reason if it did not become ready.

        `alternative` returns the request to send after this one was refused, or None; it is asked again after that one.
        """
        try:
            async with deadline(timeout if timeout > 0 else None):
                return await self._run(request, alternative)
        except asyncio.TimeoutError:
            raise self._too_late(timeout) from None

    async def _run(self, request: Json, alternative: Callable[[ServiceError], Json | None]) -> Json:
        spawn_id = request["spawn_id"]
        self._learn(await self._start_one(request, alternative))
        await self._follow(spawn_id)
        server = await self._persist(lambda: self._client.get(self._user, self._name, spawn_id))
        self._learn(server)
        if server.get("state") != "ready":
            raise ServiceError(500, server.get("error") or _not_ready_any_more(server))
        return server

    async def _start_one(self, request: Json, alternative: Callable[[ServiceError], Json | None]) -> Json:
        refusal: ServiceError | None = None
        while True:
            try:
                started = await self._start(request)
            except ServiceError as error:
                other = alternative(error)
                if other is None:
                    raise
                request, refusal = other, refusal or error
                continue
            if refusal is not None:
                self._events.append({"message": _replaced(refusal)})
            return started

    async def _start(self, request: Json) -> Json:
        try:
            return await self._persist(lambda: self._client.start(self._user, self._name, request))
        except ServiceError as error:
            if error.code != "SPAWN_CONFLICT":
                raise
        # The hub starts a server only when it knows of none: it was killed during an earlier start and has
        # lost that one. Left running, it would block this user's starts for ever.
        await self._stop_forgotten(request["spawn_id"])
        return await self._persist(lambda: self._client.start(self._user, self._name, request))

    async def _stop_forgotten(self, spawn_id: str) -> None:
        other = await self._persist(lambda: self._client.get(self._user, self._name))
        other_id = str(other.get("spawn_id") or "")
        if other_id in ("", spawn_id):
            return
        self._log.warning("Stopping server %s, of which the hub has no record", one_line(other_id))
        self._events.append({"message": "Stopping a server that was left over"})
        await self._persist(lambda: self._client.stop(self._user, self._name, other_id))

    async def _follow(self, spawn_id: str) -> None:
        """Returns at the "ready" event, raises at the "failed" one."""
        last_id = ""
        pauses = Pauses()
        while True:
            stream = self._client.progress(self._user, self._name, spawn_id, last_id)
            try:
                async for event_id, event in stream:
                    pauses.reset()
                    last_id = event_id or last_id
                    if event.get("failed"):
                        raise _failure(event)
                    if event.get("ready"):
                        self._events.append(ports_hint(event, self._hub))
                        return
                    self._events.append(event)
            except Exception as error:
                if not may_pass(error):
                    raise
                self._log.warning("Lost the progress of %s (%s); trying again", spawn_id, error)
            finally:
                await stream.aclose()
            # Also after a stream that ended without "ready" or "failed": the service is shutting down.
            await pauses.wait()

    async def _persist(self, request: Callable[[], Awaitable[Result]]) -> Result:
        return await persist(request, self._report_waiting)

    def _report_waiting(self, error: Exception) -> None:
        self._log.warning("The spawner service does not respond (%s); trying again", error)
        self._events.append({"message": "Waiting for the spawner service"})

    def _too_late(self, timeout: float) -> ServiceError:
        last = self._events.last_message
        return ServiceError(
            504,
            {
                "code": "SERVER_NOT_READY",
                "message": f"the server was not ready within {timeout:g} s"
                + (f'; its last step was "{last}"' if last else ""),
                "hint": "Try again. If it happens every time, an administrator can read the log of the"
                " spawner service, or raise Spawner.start_timeout.",
            },
        )


def _replaced(refusal: ServiceError) -> str:
    why = "free now" if refusal.code == "LIMIT_REACHED" else "offered any more"
    reason = refusal.message.rstrip(".")
    return f"What you chose last is not {why} ({reason}); starting the default"


def _failure(event: Json) -> ServiceError:
    error = event.get("error")
    body = dict(error) if isinstance(error, dict) else {}
    body.setdefault("message", event.get("message") or "the server did not start")
    return ServiceError(500, body)


def _not_ready_any_more(server: Json) -> Json:
    return {
        "code": "SERVER_DIED",
        "message": f"the server ended right after it was ready (state: {server.get('state')})",
    }
