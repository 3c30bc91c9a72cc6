"""One start of one server: asks for it, follows its progress to the end, and says where it answers.

Owns what happens between the POST and "ready", through restarts of the service. Keeps no state of the
spawner; what it learns goes to `events` and to `learn`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Callable, Dict, Optional

from ..service.client import Json, ServiceClient, ServiceError, passes
from ..service.deadline import deadline
from .events import SpawnEvents
from ..printable import one_line
from ..service.retry import Pauses, persist


class Attempt:
    """`learn` is called with every answer that describes the server."""

    def __init__(
        self,
        client: ServiceClient,
        user: str,
        name: str,
        events: SpawnEvents,
        learn: Callable[[Json], None],
        log: Any,
    ) -> None:
        self._client = client
        self._user = user
        self._name = name
        self._events = events
        self._learn = learn
        self._log = log

    async def run(
        self,
        request: Dict[str, Any],
        timeout: float,
        instead: Callable[[ServiceError], Optional[Json]],
    ) -> Json:
        """The ready server; ServiceError with the reason if it did not become ready.

        `instead` gives the request to send when this one was refused, or None.
        """
        try:
            async with deadline(timeout if timeout > 0 else None):
                return await self._run(request, instead)
        except asyncio.TimeoutError:
            raise self._too_late(timeout) from None

    async def _run(
        self, request: Dict[str, Any], instead: Callable[[ServiceError], Optional[Json]]
    ) -> Json:
        spawn_id = request["spawn_id"]
        try:
            self._learn(await self._post(request))
        except ServiceError as error:
            other = instead(error)
            if other is None:
                raise
            self._events.append(
                {"message": "What you chose last is not offered any more; starting the default"}
            )
            self._learn(await self._post(other))
        await self._follow(spawn_id)
        server = await self._persist(
            lambda: self._client.get(self._user, self._name, spawn_id)
        )
        self._learn(server)
        if server.get("state") != "ready":
            raise ServiceError(500, server.get("error") or _left_ready(server))
        return server

    async def _post(self, request: Dict[str, Any]) -> Json:
        try:
            return await self._persist(
                lambda: self._client.start(self._user, self._name, request)
            )
        except ServiceError as error:
            if error.code != "SPAWN_CONFLICT":
                raise
        # The hub asks for a start only when it believes that nothing runs: it has lost an earlier one
        # (killed while that was starting). Left alone, that one would block this user for ever.
        await self._stop_forgotten(request["spawn_id"])
        return await self._persist(
            lambda: self._client.start(self._user, self._name, request)
        )

    async def _stop_forgotten(self, spawn_id: str) -> None:
        other = await self._persist(lambda: self._client.get(self._user, self._name))
        other_id = str(other.get("spawn_id") or "")
        if other_id in ("", spawn_id):
            return
        self._log.warning("Stopping the server %s, which the hub has forgotten", one_line(other_id))
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
                        return
                    self._events.append(event)
            except Exception as error:
                if not passes(error):
                    raise
                self._log.warning("Lost the progress of %s (%s); asking again", spawn_id, error)
            finally:
                await stream.aclose()
            # Also after an orderly end without a last event: the service was shut down.
            await pauses.wait()

    async def _persist(self, request: Callable[[], Any]) -> Any:
        return await persist(request, self._say_waiting)

    def _say_waiting(self, error: Exception) -> None:
        self._log.warning("The spawner service does not answer (%s); asking again", error)
        self._events.append({"message": "Waiting for the spawner service"})

    def _too_late(self, timeout: float) -> ServiceError:
        last = self._events.last_message
        return ServiceError(
            504,
            {
                "code": "SERVER_NOT_READY",
                "message": "the server was not ready within {:g} s{}".format(
                    timeout, '; the last thing it did: "{}"'.format(last) if last else ""
                ),
                "hint": "Try again; if it happens every time, an administrator can look at the log of"
                " the spawner service, or raise Spawner.start_timeout.",
            },
        )


def _failure(event: Json) -> ServiceError:
    error = event.get("error")
    body = dict(error) if isinstance(error, dict) else {}
    body.setdefault("message", event.get("message") or "the server did not start")
    return ServiceError(500, body)


def _left_ready(server: Json) -> Json:
    return {
        "code": "SERVER_DIED",
        "message": "the server ended right after it was ready (state: {})".format(
            server.get("state")
        ),
    }
