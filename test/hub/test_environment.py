"""The environment that the plugin sends: the hub's own, with addresses that are right in a sandbox."""

import pytest
from jupyterhub.objects import Hub
from tornado import web


async def sent_env(service, spawner):
    await spawner.start()
    return service.bodies[-1]["env"]


async def test_the_server_is_told_to_bind_the_guest_port_on_every_address(service, make_spawner):
    env = await sent_env(service, make_spawner())
    assert env["JUPYTERHUB_SERVICE_URL"] == "http://0.0.0.0:8888/user/alice/"
    env = await sent_env(service, make_spawner(guest_port=9000))
    assert env["JUPYTERHUB_SERVICE_URL"] == "http://0.0.0.0:9000/user/alice/"


def hub(ip="127.0.0.1", connect_ip="", connect_url=""):
    made = Hub(ip=ip, port=8081, base_url="/hub/")
    if connect_ip:
        made.connect_ip = connect_ip
    if connect_url:
        made.connect_url = connect_url
    return made


@pytest.mark.parametrize("ip", ["127.0.0.1", "localhost", "", "0.0.0.0", "::"])
async def test_a_hub_on_loopback_or_on_every_address_is_reached_at_the_gateway(service, make_spawner, ip):
    spawner = make_spawner(hub=hub(ip))
    env = await sent_env(service, spawner)
    assert env["JUPYTERHUB_API_URL"] == "http://10.0.2.2:8081/hub/api"
    assert env["JUPYTERHUB_ACTIVITY_URL"] == "http://10.0.2.2:8081/hub/api/users/alice/activity"
    assert spawner.hub_connect_url is None


@pytest.mark.parametrize("ip", ["127.0.0.5", "127.0.1.1", "::1"])
async def test_a_hub_on_another_address_of_loopback_is_refused_for_no_sandbox_reaches_it(
    service, make_spawner, ip
):
    with pytest.raises(web.HTTPError) as refused:
        await make_spawner(hub=hub(ip)).start()
    assert f"the hub listens on {ip}" in refused.value.jupyterhub_message
    assert 'set c.JupyterHub.hub_ip to "127.0.0.1"' in refused.value.jupyterhub_message
    assert service.bodies == []


async def test_a_hub_on_every_address_may_be_called_by_any_of_loopback(service, make_spawner):
    env = await sent_env(service, make_spawner(hub=hub("", connect_ip="127.0.0.5")))
    assert env["JUPYTERHUB_API_URL"] == "http://10.0.2.2:8081/hub/api"


@pytest.mark.parametrize(
    "given, url",
    [
        ({"ip": "192.0.2.1"}, "http://192.0.2.1:8081/hub/api"),
        ({"ip": "", "connect_ip": "192.0.2.2"}, "http://192.0.2.2:8081/hub/api"),
        ({"ip": "", "connect_url": "http://hub.example:80"}, "http://hub.example:80/hub/api"),
        ({"connect_ip": "hub.example"}, "http://hub.example:8081/hub/api"),
    ],
)
async def test_a_hub_that_others_can_reach_keeps_its_address(service, make_spawner, given, url):
    env = await sent_env(service, make_spawner(hub=hub(**given)))
    assert env["JUPYTERHUB_API_URL"] == url


async def test_an_administrators_hub_connect_url_wins(service, make_spawner):
    spawner = make_spawner(hub_connect_url="http://10.9.9.9:1")
    env = await sent_env(service, spawner)
    assert env["JUPYTERHUB_API_URL"] == "http://10.9.9.9:1/hub/api"
    assert env["JUPYTERHUB_ACTIVITY_URL"] == "http://10.9.9.9:1/hub/api/users/alice/activity"
    assert spawner.hub_connect_url == "http://10.9.9.9:1"


async def test_another_gateway_can_be_set(service, make_spawner):
    env = await sent_env(service, make_spawner(sandbox_gateway="192.168.7.2"))
    assert env["JUPYTERHUB_API_URL"] == "http://192.168.7.2:8081/hub/api"


async def test_nothing_of_the_hubs_own_environment_is_passed_on(service, make_spawner, monkeypatch):
    monkeypatch.setenv("CONFIGPROXY_AUTH_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/hub/only")
    env = await sent_env(service, make_spawner())
    assert not {"CONFIGPROXY_AUTH_TOKEN", "PYTHONPATH", "PATH"} & set(env)


async def test_what_an_administrator_wants_kept_is_kept(service, make_spawner, monkeypatch):
    monkeypatch.setenv("LICENSE_SERVER", "lm")
    spawner = make_spawner(env_keep=["LICENSE_SERVER"], environment={"N": 3})
    env = await sent_env(service, spawner)
    assert env["LICENSE_SERVER"] == "lm"
    assert env["N"] == "3"


AT_A_SOCKET = "http+unix://%2Frun%2Fhub.sock/hub/"


async def test_a_hub_at_a_unix_socket_is_reached_at_the_address_that_the_administrator_gives(
    service, make_spawner
):
    """JupyterHub 6: hub_bind_url and hub_connect_url with http+unix."""
    spawner = make_spawner(hub=hub(connect_url=AT_A_SOCKET))
    with pytest.raises(
        Exception, match=r"listens at a unix socket, .*: set c\.Spawner\.hub_connect_url"
    ) as caught:
        await spawner.start()
    assert caught.value.status_code == 500
    assert service.bodies == []
    spawner = make_spawner(hub=hub(connect_url=AT_A_SOCKET), hub_connect_url="http://10.0.2.2:8000")
    env = await sent_env(service, spawner)
    assert env["JUPYTERHUB_API_URL"] == "http://10.0.2.2:8000/hub/api"
