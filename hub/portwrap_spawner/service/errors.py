"""An error response of the service, and whether the same request may succeed later."""

from __future__ import annotations

from ..printable import one_line, printable
from .exchange import ServiceUnreachable
from .json_values import Json


class ServiceError(Exception):
    """An error response. Branch on `code`. `is_foreign`: another program sent it, such as a reverse proxy."""

    def __init__(self, status: int, body: Json, is_foreign: bool = False) -> None:
        self.status = status
        self.is_foreign = is_foreign
        self.code = one_line(body.get("code") or "")
        self.message = one_line(body.get("message") or f"the response was HTTP {status}")
        self.hint = one_line(body.get("hint") or "")
        log = body.get("log")
        self.log: list[str] = [printable(line) for line in log] if isinstance(log, list) else []
        self.state_id = str(body.get("state_id") or "")
        self.boot_id = str(body.get("boot_id") or "")
        super().__init__(f"{self.code or f'HTTP {status}'}: {self.message}")


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed in a moment: the service is down, or is starting up."""
    if isinstance(error, ServiceError):
        is_gateway = error.status in (502, 503, 504) and not error.code
        return error.code == "STARTING_UP" or is_gateway
    return isinstance(error, ServiceUnreachable)
