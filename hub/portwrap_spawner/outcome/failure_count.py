"""Keeps refusals out of the count after which a hub ends itself (Spawner.consecutive_failure_limit).

JupyterHub before 6 counts every start that fails, also one that is refused for what its user chose: three wrong
choices would end the hub for everybody. JupyterHub 6 does not count failures with a status below 500.
"""

from __future__ import annotations

from typing import Any

from jupyterhub import version_info

COUNTED_BEFORE = (6,)
# A refusal by an administrator's decision, which is no failure either.
PLANNED = ("MAINTENANCE",)


def uncount_failure(handler: Any, status: int, code: str) -> None:
    """Call it once for a start that fails, before its exception reaches the hub, which then counts it."""
    if status >= 500 and code not in PLANNED:
        return
    settings = getattr(handler, "settings", None)
    is_counted = version_info[:1] < COUNTED_BEFORE or status >= 500
    if settings is not None and is_counted:
        settings["failure_count"] = settings.get("failure_count", 0) - 1
