"""The token with which the hub authenticates to the service.

Not here: sending it (client.py).
"""

from __future__ import annotations

from .endpoint import ServiceMisconfigured


def read(configured: str, path: str) -> str:
    """The content of the file at `path`, if one is set; otherwise `configured`.

    ServiceMisconfigured if that is empty or cannot be read.
    """
    token = _content(path) if path else configured
    if not token.strip():
        raise ServiceMisconfigured(
            "there is no token: set PortwrapSpawner.service_token_file,"
            " or PORTWRAP_SERVICE_TOKEN in the hub's environment"
        )
    return token.strip()


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a text file"
        raise ServiceMisconfigured(f"cannot read service_token_file {path}: {reason}") from None
