"""What Spawner.poll answers: None unless it is certain that the server is gone.

Owns that judgement only; asks nobody.
"""

from __future__ import annotations

import signal
from typing import Optional

from ..service.client import Json, ServiceError


def of_server(server: Json) -> Optional[int]:
    """The exit status in a server's description; None while it is starting, ready or stopping."""
    if server.get("state") != "exited":
        return None
    exited = server.get("exit") or {}
    code, name = exited.get("code"), exited.get("signal")
    if isinstance(code, int):
        return code
    if name in signal.Signals.__members__:
        return 128 + int(signal.Signals[name])
    # It could not be learned; only a failed start is known to have been a failure.
    return 1 if server.get("error") else 0


def of_unknown(error: ServiceError, state_id: str, boot_id: str) -> Optional[int]:
    """The exit status when the service answers that it does not know the server that we once started
    under this state directory and this boot; None while that may only mean that records were lost."""
    if error.code != "SERVER_UNKNOWN" or not state_id:
        return None
    if is_after_boot(error, boot_id):
        return 1
    return 0 if error.state_id == state_id else None


def is_after_boot(error: ServiceError, boot_id: str) -> bool:
    """Whether the machine was certainly restarted since that boot, under whatever ran then."""
    return bool(boot_id and error.boot_id and error.boot_id != boot_id)
