"""Whether this machine's JupyterHub can have internal_ssl at all: python3 internal_ssl.py prints why not.

Owns one handshake in memory, with certificates of the installed certipy, as JupyterHub's own parts make one.
Debian 13's certipy leaves out the key identifier that its Python 3.13 requires: there, no hub with internal_ssl
reaches its proxy.
"""

import ssl
import tempfile

from certipy import Certipy


def refusal():
    """The TLS library's words; empty when the certificate is taken."""
    with tempfile.TemporaryDirectory() as directory:
        certipy = Certipy(store_dir=directory)
        bundles = certipy.trust_from_graph({"hub-ca": ["hub-ca"]})
        pair = certipy.create_signed_pair("hub", "hub-ca", alt_names=["DNS:localhost"])["files"]
        server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server_context.load_cert_chain(pair["cert"], pair["key"])
        client_context = ssl.create_default_context(cafile=bundles["hub-ca"])
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
    return ""


if __name__ == "__main__":
    print(refusal())
