"""What the user and the hub's log are told when a server did not start.

Not here: whether that is a failure (../start/attempt.py).
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from markupsafe import Markup
from tornado import web

from ..printable import one_line
from ..service.endpoint import ServiceMisconfigured
from ..service.errors import ServiceError
from ..start.certificate import CertificateUnusable
from ..start.hub_address import HubNotReachable
from ..start.hub_settings import SettingRefused
from .refusals import REFUSALS

# The first word of a sentence. Names of fields, such as "body.args:", are not words.
PLAIN_WORD = re.compile(r"[a-z]+(?=[ ,;]|$)")
# What a service says of a field that it does not know, of the request or of its "tls".
FIELD_UNKNOWN = re.compile(r"body(\.tls)?: unknown field \(")
LOG_LINES = 20
LAST_WORDS = 3
LINE_LENGTH = 600


class SpawnFailure(web.HTTPError):
    """What every JupyterHub from 3.0 on shows, on whichever page it meets the failure."""

    def __init__(self, status: int, message: str, html: str, log: list[str], code: str) -> None:
        # The hub's plain error page shows this and nothing else. It becomes a status line too: one line
        # of plain ASCII, without markup.
        self.code = code
        named = f"({code})" if code else ""
        line = " ".join(part for part in (message, named, " / ".join(log[-LAST_WORDS:])) if part)
        self._line = re.sub(r"[^!-;=?-~]+", " ", line)[:LINE_LENGTH]
        whole = "\n".join([message, *log])
        super().__init__(status, "%s", whole)
        # The progress of a start, as JupyterHub's REST API gives it, has this and no other text.
        self.jupyterhub_message = whole
        self.jupyterhub_html_message = html

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def reason(self) -> str:
        return self._line

    @reason.setter
    def reason(self, value: Any) -> None:
        # The hub writes "error" here, and then shows "Failed to start your server" instead of the reason.
        pass


class _Account(NamedTuple):
    reason: str
    hint: str
    log: list[str]
    status: int
    code: str = ""


def spawn_failure(error: Exception, user: str = "") -> SpawnFailure:
    """The exception to raise out of Spawner.start. `user`: a name that no sentence capitalises."""
    account = _account(error, user)
    message = one_line(" ".join((account.reason, account.hint)))
    return SpawnFailure(account.status, message, _html(account), account.log, account.code)


def _account(error: Exception, user: str) -> _Account:
    if isinstance(error, ValueError):
        return _Account(str(error), "", [], 400)
    if isinstance(error, ServiceMisconfigured):
        return _Account(
            f"The hub's connection to the spawner service is not set up: {error}.",
            "This is for an administrator to repair.",
            [],
            500,
        )
    if isinstance(error, HubNotReachable):
        return _Account(
            f"Servers cannot reach the hub: {error}.", "This is for an administrator to repair.", [], 500
        )
    if isinstance(error, SettingRefused):
        return _Account(
            f"The hub's configuration asks for what the spawner service does not have: {error}.",
            "This is for an administrator to repair.",
            [],
            500,
        )
    if isinstance(error, CertificateUnusable):
        return _Account(
            f"The server cannot be given a certificate: {error}.",
            "This is for an administrator to repair: see JupyterHub.internal_certs_location.",
            [],
            500,
        )
    if not isinstance(error, ServiceError):
        return _Account(
            f"The spawner service cannot be reached: {error}.",
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
    if error.is_foreign:
        return _Account(
            f"The program at PortwrapSpawner.service_url is not the spawner service: {error.message}.",
            "An administrator must correct the address.",
            [],
            502,
        )
    if error.code == "REQUEST_INVALID" and FIELD_UNKNOWN.match(error.message):
        # A service of the same protocol, from before a field that is only sent where a hub needs it. Its
        # words are for who wrote the request; these are the ones it has for a plugin of a later protocol.
        return _Account(
            "The hub's plugin is newer than the spawner service, which does not know what it asks for:"
            f" {error.message}.",
            "An administrator must upgrade the service. Servers that run are not affected.",
            [],
            500,
            "PROTOCOL_UNSUPPORTED",
        )
    return _Account(
        _sentence(error.message, user),
        _sentence(error.hint),
        error.log[-LOG_LINES:],
        REFUSALS.get(error.code, 500),
        error.code,
    )


def _html(account: _Account) -> str:
    """Markup.format escapes what it fills in."""
    paragraphs = [Markup("<p>{}</p>").format(part) for part in (account.reason, account.hint) if part]
    if account.code:
        paragraphs.append(Markup("<p><code>{}</code></p>").format(account.code))
    if account.log:
        log = Markup('<p>The last lines of its log:</p><pre style="text-align: left">{}</pre>')
        paragraphs.append(log.format("\n".join(account.log)))
    return str(Markup("").join(paragraphs))


def _sentence(text: str, user: str = "") -> str:
    text = text.strip()
    if not text:
        return ""
    first = PLAIN_WORD.match(text)
    if first and first.group() != user:
        text = text[0].upper() + text[1:]
    return text + ("" if text[-1] in ".!?" else ".")
