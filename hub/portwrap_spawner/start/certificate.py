"""The certificate of a server, where the hub has internal_ssl: its names, and its content for the service.

Also checks the hub's own certificate. Not here: making one (JupyterHub's Spawner.create_certs), and putting
it into the sandbox (the service).
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import Any, Iterable, Mapping
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

# X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: openssl-verification-options(1)
NAME_MISMATCH = (62, 64)
# The hosts already checked of each hub, whose certificate changes only with a restart.
_CHECKED: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class CertificateUnusable(Exception):
    """A file that the hub has made, or should have made, is missing or cannot be read."""


def with_hosts(names: Iterable[str], profiles: Iterable[Mapping[str, Any]]) -> list[str]:
    """`names`, and the addresses at which hub and proxy connect to servers of these profiles."""
    hosts = [f"IP:{profile['host']}" for profile in profiles if profile.get("host")]
    return list(dict.fromkeys([*names, *hosts]))


def take(paths: Mapping[str, str]) -> dict[str, str]:
    """The content of the files, as the service takes it. Removes the key's file: only the server keeps it."""
    fields = {"key": "keyfile", "cert": "certfile", "ca": "cafile"}
    try:
        return {field: _read(paths[name]) for field, name in fields.items()}
    finally:
        os.remove(paths["keyfile"])


def check_hub(hub: Any, url: str, log: Any) -> None:
    """Warns once when the hub's own certificate is not valid for `url`, at which servers reach the hub.

    Servers of JupyterHub 3.0 do not verify the name; later ones and other programs do.
    """
    host = urlsplit(url).hostname or ""
    checked = _CHECKED.setdefault(hub, set())
    if host in checked:
        return
    checked.add(host)
    try:
        if _is_valid_for(hub, host):
            return
    except (OSError, ValueError) as error:  # also ssl.SSLError, and a name that is not valid in TLS
        log.warning("Cannot check the hub's certificate %s for %s: %s", hub.certfile, host, error)
        return
    log.warning(
        "The hub's certificate %s is not valid for %s, at which servers in sandboxes reach the hub: clients"
        ' that verify the name refuse it. Add "%s" to c.JupyterHub.trusted_alt_names and, with no server'
        " running, start the hub once with c.JupyterHub.recreate_internal_certs = True",
        hub.certfile,
        host,
        f"{'IP' if _is_address(host) else 'DNS'}:{host}",
    )


def _is_valid_for(hub: Any, host: str) -> bool:
    """Whether the TLS library accepts the name, by a handshake in memory. Raises its other objections."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(hub.certfile, hub.keyfile)
    client_context = ssl.create_default_context(cafile=hub.cafile or None)
    # Strict verification, the default from Python 3.13 on, refuses certipy's certificates for other reasons.
    client_context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in NAME_MISMATCH:
                return False
            raise
    return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _read(path: str) -> str:
    # PEM blocks are ASCII; administrators may have written notes in any encoding between them.
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
