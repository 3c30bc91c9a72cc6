"""A maintenance that an administrator has planned or begun (`portwrap-spawner maintenance`), for the spawn page."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ..service.json_values import Json


class Maintenance(NamedTuple):
    """`is_on`: no server can be started now. The times are as ISO 8601; empty: now, and never."""

    is_on: bool
    message: str
    starts_at: str
    stop_servers_at: str


def maintenance_of(answer: Json) -> Maintenance | None:
    """None where the service says that there is none."""
    state = answer.get("state")
    if state not in ("planned", "on"):
        return None
    times = (answer.get("starts_at"), answer.get("stop_servers_at"))
    return Maintenance(state == "on", str(answer.get("message") or ""), *(str(time or "") for time in times))


def readable(time: str) -> str:
    """Without scripts, in UTC; page.js replaces it by the time in the browser's zone."""
    try:
        return datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ").strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return time
