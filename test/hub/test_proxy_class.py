"""PortwrapProxy: which token it keeps, and what it says when it cannot start. Starting and finding a proxy is
tested with a real hub (restart.test.ts) and by JupyterHub's own tests (jupyterhub_suite)."""

import os
import stat

import pytest
from tornado import web
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from portwrap_spawner import PortwrapProxy


@pytest.fixture
def make_proxy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONFIGPROXY_AUTH_TOKEN", raising=False)
    return lambda **traits: PortwrapProxy(api_url="http://127.0.0.1:9", **traits)


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


async def test_a_command_that_is_not_there_is_named(make_proxy):
    with pytest.raises(RuntimeError, match="the program no-such-proxy does not exist; set it"):
        await make_proxy(command=["no-such-proxy"]).start()


async def test_a_proxy_with_another_token_is_not_ours_and_that_is_said(make_proxy, caplog):
    class Refuses(web.RequestHandler):
        def get(self):
            self.set_status(403)

    server = HTTPServer(web.Application([(".*", Refuses)], log_function=lambda handler: None))
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    proxy = make_proxy(command=["no-such-proxy"])
    proxy.api_url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    proxy.log.propagate = True
    with pytest.raises(RuntimeError):
        await proxy.start()
    server.stop()
    await server.close_all_connections()
    assert "refuses our token" in caplog.text
    assert proxy.auth_token not in caplog.text
