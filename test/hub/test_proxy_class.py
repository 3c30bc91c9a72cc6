"""PortwrapProxy: which token it keeps, and what it says when it cannot start. Starting and finding a proxy is
tested with a real hub (restart.test.ts) and by JupyterHub's own tests (jupyterhub_suite)."""

import os
import ssl
import stat
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import pytest
from certipy import Certipy
from jupyterhub.utils import make_ssl_context
from tornado import web
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets, bind_unix_socket

from portwrap_spawner import PortwrapProxy

try:
    from jupyterhub.httpclient import JupyterHubHTTPClient as HubClient
except ImportError:
    HubClient = None


@pytest.fixture
async def make_proxy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONFIGPROXY_AUTH_TOKEN", raising=False)
    yield lambda **traits: PortwrapProxy(api_url="http://127.0.0.1:9", **traits)
    if HubClient is not None and HubClient.initialized():
        await HubClient.instance().close()


def test_the_token_is_kept_for_the_next_hub_and_nobody_else_reads_it(make_proxy):
    token = make_proxy().auth_token
    assert len(token) == 64
    assert make_proxy().auth_token == token
    assert stat.S_IMODE(os.stat("portwrap-proxy.token").st_mode) == 0o600


def test_a_token_of_the_environment_is_taken_and_not_written(make_proxy, monkeypatch):
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "from-the-environment")
    assert make_proxy().auth_token == "from-the-environment"
    assert not os.path.exists("portwrap-proxy.token")


def test_a_proxy_that_is_somebody_elses_to_start_needs_its_token_said(make_proxy):
    with pytest.raises(ValueError, match="auth_token"):
        make_proxy(should_start=False)


def test_the_proxy_that_a_hub_starts_compresses(make_proxy):
    assert make_proxy().command == ["portwrap-proxy", "--compress"]
    assert make_proxy(command="my-proxy").command == ["my-proxy"]


async def test_a_command_that_is_not_there_is_named(make_proxy):
    with pytest.raises(RuntimeError, match="the program no-such-proxy does not exist; set it"):
        await make_proxy(command=["no-such-proxy"]).start()


class Proxy(web.RequestHandler):
    """A STAND-IN for the API of a proxy."""

    def get(self):
        self.set_status(200 if self.request.headers["Authorization"] == "token the-token" else 403)


@pytest.fixture
async def serve():
    servers = []

    def start(sockets, **options):
        server = HTTPServer(web.Application([(".*", Proxy)], log_function=lambda handler: None), **options)
        server.add_sockets(sockets)
        servers.append(server)
        return sockets[0].getsockname()

    yield start
    for server in servers:
        server.stop()
        await server.close_all_connections()


async def test_a_proxy_with_another_token_is_not_ours_and_that_is_said(make_proxy, serve, caplog):
    _, port = serve(bind_sockets(0, "127.0.0.1"))
    proxy = make_proxy(command=["no-such-proxy"])
    proxy.api_url = f"http://127.0.0.1:{port}"
    proxy.log.propagate = True
    with pytest.raises(RuntimeError):
        await proxy.start()
    assert "refuses our token" in caplog.text
    assert proxy.auth_token not in caplog.text


async def found(proxy):
    """Whether start() uses the proxy that runs; the command of another one does not exist."""
    try:
        await proxy.start()
    except RuntimeError:
        return False
    proxy._check_running_callback.stop()
    return True


@pytest.fixture
async def tls_of_api(tmp_path):
    """The client of the hub, configured as JupyterHub.init_internal_ssl does; gives the TLS of its proxy's API."""
    certipy = Certipy(store_dir=str(tmp_path))
    bundle = certipy.trust_from_graph({"hub-ca": ["hub-ca"]})["hub-ca"]
    names = ["IP:127.0.0.1"]
    hub, api = (
        certipy.create_signed_pair(name, "hub-ca", alt_names=names)["files"] for name in ("hub", "api")
    )
    client = make_ssl_context(hub["key"], hub["cert"], bundle)
    if HubClient is None:
        AsyncHTTPClient.configure(None, defaults={"ssl_options": client})
    else:
        HubClient.instance(_internal_connector_options={"ssl": client})
    yield make_ssl_context(api["key"], api["cert"], bundle, purpose=ssl.Purpose.CLIENT_AUTH)
    if HubClient is None:
        AsyncHTTPClient.configure(None)


# those of certipy 0.1 lack the identifier of their authority
STRICT = bool(ssl.create_default_context().verify_flags & ssl.VERIFY_X509_STRICT)
OLD_CERTIPY = version("certipy").startswith("0.1.")


@pytest.mark.skipif(
    STRICT and OLD_CERTIPY, reason="Python 3.13 refuses the certificates that certipy 0.1 makes"
)
async def test_with_internal_ssl_a_proxy_that_runs_is_asked_with_the_hubs_certificate(
    make_proxy, serve, tls_of_api
):
    _, port = serve(bind_sockets(0, "127.0.0.1"), ssl_options=tls_of_api)
    proxy = make_proxy(command=["no-such-proxy"], auth_token="the-token")
    proxy.api_url = f"https://127.0.0.1:{port}"
    assert await found(proxy)


@pytest.mark.skipif(HubClient is None, reason="JupyterHub before 6 has no proxy API at a unix socket")
async def test_a_proxy_that_runs_is_found_at_a_unix_socket(make_proxy, serve, tmp_path):
    path = str(tmp_path / "api.sock")
    proxy = make_proxy(command=["no-such-proxy"], auth_token="the-token")
    proxy.api_url = "http+unix://" + quote(path, safe="")
    assert not await found(proxy)
    serve([bind_unix_socket(path)])
    assert await found(proxy)


def say_that_it_runs():
    Path("portwrap-proxy.pid").write_text(str(os.getpid()))


@pytest.mark.parametrize("url", ["http+unix://%2Fnone", "ftp://127.0.0.1", "https://127.0.0.1:9"])
async def test_a_running_proxy_that_is_not_reached_is_said_before_it_is_replaced(make_proxy, caplog, url):
    proxy = make_proxy(command=["no-such-proxy"])
    proxy.api_url = url
    proxy.log.propagate = True
    assert not await found(proxy)
    assert "does not respond" not in caplog.text
    say_that_it_runs()
    assert not await found(proxy)
    assert f"The proxy of pid {os.getpid()} does not respond at {url}: " in caplog.text
