"""Server-sent events, from the lines of a response.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

from __future__ import annotations

from typing import AsyncIterator

from .deadline import deadline
from .json_values import Json, object_in

# The service sends a comment every 8 s; after three missing ones the connection is taken for dead.
LONGEST_SILENCE = 30.0


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Json]]:
    """(event id, event) pairs until the stream ends; asyncio.TimeoutError when nothing comes any more."""
    event_id = ""
    data: list[str] = []
    while True:
        try:
            async with deadline(LONGEST_SILENCE):
                line = await lines.__anext__()
        except StopAsyncIteration:
            return
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if line == "":
            event = object_in("\n".join(data)) if data else None
            data = []
            if event is not None:
                yield event_id, event
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)
