"""Why a server has ended, in words: for the hub's log, and for the spawn page.

The sentence is the service's. Not here: whether it has ended (exit_status.py); the HTML (../form/page.html).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple, Sequence

from ..printable import one_line
from ..service.json_values import Json

LOG_LINES = 20


class Ending(NamedTuple):
    """`code` is one of the service's errors; empty if the server ended by itself."""

    reason: str
    code: str = ""
    hint: str = ""
    log: Sequence[str] = ()
    # Of the service's clock; None if it did not say.
    time: datetime | None = None
    # Ended by itself and without an error: it was shut down from within.
    is_plain: bool = False

    def __str__(self) -> str:
        """One line, whatever the service said."""
        return one_line(f"{self.reason} ({self.code})" if self.code else self.reason)

    def ago(self, now: datetime | None = None) -> str:
        """How long it has been, as " 5 minutes ago"; empty if the time is not known."""
        if self.time is None:
            return ""
        seconds = max(0, int(((now or datetime.now(timezone.utc)) - self.time).total_seconds()))
        for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
            if seconds >= 2 * size:
                return f" {seconds // size} {unit}s ago"
        return " a moment ago"


def ending_of(server: Json) -> Ending | None:
    """How the server that the service describes has ended; None if it has not."""
    if server.get("state") != "exited":
        return None
    exited = server.get("exit") or {}
    time = _time(exited.get("time"))
    error = server.get("error")
    if error:
        log = error.get("log")
        return Ending(
            str(error.get("message") or "it failed"),
            str(error.get("code") or ""),
            str(error.get("hint") or ""),
            [str(line) for line in log][-LOG_LINES:] if isinstance(log, list) else [],
            time,
        )
    # Of a service from before it said why, that much is known.
    reason = str(exited.get("reason") or "it has ended")
    if exited.get("out_of_memory"):
        hint = "Start it again with more memory, if that is offered, or with smaller data."
        return Ending(reason, hint=hint, time=time)
    return Ending(reason, time=time, is_plain=exited.get("code") == 0 and not exited.get("signal"))


def ending_unknown(after_boot: bool) -> Ending:
    """Of a server that the service does not know; `after_boot`: the machine was restarted since."""
    if after_boot:
        return Ending("the machine was restarted")
    return Ending("the spawner service does not know it: it was stopped there")


def _time(text: Any) -> datetime | None:
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
