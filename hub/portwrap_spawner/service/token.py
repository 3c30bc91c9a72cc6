"""The token with which the hub asks the service: from a file, which is read each time, or as it was said.

Owns the words for one that is not there. Sending it is client.py's.
"""

from __future__ import annotations

from .exchange import ServiceMisconfigured


def read(said: str, path: str) -> str:
    """What is in the file, where a file is named; otherwise `said`. ServiceMisconfigured if there is none."""
    token = _in_file(path) if path else said
    if not token.strip():
        raise ServiceMisconfigured(
            "there is no token: set PortwrapSpawner.service_token_file,"
            " or PORTWRAP_SERVICE_TOKEN in the hub's environment"
        )
    return token.strip()


def _in_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ServiceMisconfigured(
            "service_token_file {} cannot be read: {}".format(path, reason)
        ) from None
