"""What a user and the hub's log see when a server did not start.

Owns the wording and the escaping. Does not decide whether something is a failure (attempt.py).
"""

from __future__ import annotations

from html import escape
from typing import List, NamedTuple

from tornado import web

from .client import ServiceError
from .exchange import ServiceMisconfigured

# Refusals that the person who asked can understand as such; everything else is an error of the server.
SHOWN_STATUS = (400, 403, 409, 413, 503)
LOG_LINES = 20


class _Account(NamedTuple):
    reason: str
    hint: str
    log: List[str]
    status: int


def spawn_failure(error: Exception) -> web.HTTPError:
    """The exception to raise out of Spawner.start; every JupyterHub from 3.0 on shows its messages."""
    account = _account(error)
    message = " ".join(part for part in (account.reason, account.hint) if part)
    failure = web.HTTPError(account.status, "\n".join([message] + account.log))
    failure.jupyterhub_message = message
    failure.jupyterhub_html_message = _html(account)
    return failure


def _account(error: Exception) -> _Account:
    if isinstance(error, ServiceMisconfigured):
        return _Account(
            "The hub's connection to the spawner service is not set up: {}.".format(error),
            "This is for an administrator to repair.",
            [],
            500,
        )
    if not isinstance(error, ServiceError):
        return _Account(
            "The spawner service cannot be asked: {}.".format(error),
            "An administrator can check that it runs and that PortwrapSpawner.service_url is right.",
            [],
            503,
        )
    if error.code == "UNAUTHORIZED":
        return _Account(
            "The spawner service does not accept this hub's token.",
            "An administrator must give the hub the token that the service's configuration has for it.",
            [],
            500,
        )
    status = error.status if error.status in SHOWN_STATUS and error.code else 500
    return _Account(
        _sentence(error.message), _sentence(error.hint), error.log[-LOG_LINES:], status
    )


def _html(account: _Account) -> str:
    html = "".join(
        "<p>{}</p>".format(escape(part)) for part in (account.reason, account.hint) if part
    )
    if account.log:
        html += '<p>The last lines of its log:</p><pre style="text-align: left">{}</pre>'.format(
            escape("\n".join(account.log))
        )
    return html


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
