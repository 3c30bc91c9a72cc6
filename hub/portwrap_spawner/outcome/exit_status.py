"""The result of Spawner.poll: None unless it is certain that the server is gone."""

from __future__ import annotations

import signal

from ..service.errors import ServiceError
from ..service.json_values import Json


def of_server(server: Json) -> int | None:
    """The exit status of a server that the service describes; None until it has exited."""
    if server.get("state") != "exited":
        return None
    exited = server.get("exit") or {}
    code, name = exited.get("code"), exited.get("signal")
    if isinstance(code, int):
        return code
    if isinstance(name, str) and name in signal.Signals.__members__:
        return 128 + int(signal.Signals[name])
    # The status is unknown; only with an error the server is known to have failed.
    return 1 if server.get("error") else 0


def of_unknown(error: ServiceError, state_id: str, boot_id: str) -> int | None:
    """The exit status of a server that the service does not know; None: it may only have lost its records.

    `state_id`, `boot_id`: of the service's state directory and its machine when the server was started.
    """
    if error.code != "SERVER_UNKNOWN" or not state_id:
        return None
    if is_after_boot(error, boot_id):
        return 1
    return 0 if error.state_id == state_id else None


def is_after_boot(error: ServiceError, boot_id: str) -> bool:
    """Whether the machine was certainly restarted since that boot, which ends every server of then."""
    return bool(boot_id and error.boot_id and error.boot_id != boot_id)
