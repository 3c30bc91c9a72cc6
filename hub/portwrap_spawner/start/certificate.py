"""The certificate of a server, where the hub has internal_ssl: its names, and its way to the service.

Owns what is read from the hub's files and what is left of them, and whether the hub's own certificate
suits. Making it is JupyterHub's affair (Spawner.create_certs), putting it into the sandbox the service's.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from typing import Any, Dict, Iterable, List, Mapping, Set
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

# X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: openssl-verification-options(1)
ANOTHER_NAME = (62, 64)
# Of each hub, the hosts that were looked at: its certificate is another one only after a restart.
_CHECKED: "WeakKeyDictionary[Any, Set[str]]" = WeakKeyDictionary()


class CertificateUnusable(Exception):
    """The files that the hub has made, or should have made, cannot be had."""


def with_hosts(names: Iterable[str], profiles: Iterable[Mapping[str, Any]]) -> List[str]:
    """`names`, and the addresses at which hub and proxy will find servers of these profiles."""
    hosts = ["IP:{}".format(profile["host"]) for profile in profiles if profile.get("host")]
    return list(dict.fromkeys([*names, *hosts]))


def take(paths: Mapping[str, str]) -> Dict[str, str]:
    """What is in the files, as the service wants it. The key is then nowhere but with its server."""
    fields = {"key": "keyfile", "cert": "certfile", "ca": "cafile"}
    try:
        return {field: _read(paths[name]) for field, name in fields.items()}
    finally:
        os.remove(paths["keyfile"])


def check_hub(hub: Any, url: str, log: Any) -> None:
    """Warns, once, when the hub's own certificate is not for `url`, at which servers reach it.

    JupyterHub 3.0 itself does not compare the name in a server; other versions and other programs do.
    """
    host = urlsplit(url).hostname or ""
    checked = _CHECKED.setdefault(hub, set())
    if host in checked:
        return
    checked.add(host)
    try:
        if _is_for(hub, host):
            return
    except (OSError, ValueError) as error:  # among them ssl.SSLError, and a name that TLS does not take
        log.warning("Cannot tell whether the hub's certificate %s is for %s: %s", hub.certfile, host, error)
        return
    log.warning(
        "The hub's certificate %s is not for %s, where servers in sandboxes find the hub: who compares"
        ' names refuses it. Add "%s" to c.JupyterHub.trusted_alt_names and, with no server running,'
        " start the hub once with c.JupyterHub.recreate_internal_certs = True",
        hub.certfile,
        host,
        "{}:{}".format("IP" if _is_address(host) else "DNS", host),
    )


def _is_for(hub: Any, host: str) -> bool:
    """By a handshake in memory: a name is judged by who will judge it, the TLS library."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(hub.certfile, hub.keyfile)
    client_context = ssl.create_default_context(cafile=hub.cafile or None)
    # Strict, as Python 3.13 begins, it would refuse certipy's certificates before it looks at their names.
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
            return error.verify_code not in ANOTHER_NAME
    return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _read(path: str) -> str:
    # PEM is ASCII; what stands between the blocks is whatever an administrator has noted there.
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
