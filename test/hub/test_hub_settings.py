"""Settings of the hub: each is honoured or refused (the table in docs/jupyterhub.md), never ignored."""

from types import SimpleNamespace

import pytest
from jupyterhub import version_info
from tornado import web

from portwrap_spawner.outcome.failure_count import uncount_failure


async def sent(service, spawner):
    await spawner.start()
    return service.bodies[-1]


class Handler(SimpleNamespace):
    """Of a request to the hub; it can be referenced weakly, as tornado's."""


@pytest.mark.parametrize(
    "traits, limits",
    [
        ({}, None),
        ({"mem_limit": "512M"}, {"memory": 512 * 2**20}),
        ({"cpu_limit": 0.5}, {"cpus": 0.5}),
        ({"mem_limit": "1G", "cpu_limit": 2}, {"memory": 2**30, "cpus": 2}),
        ({"mem_limit": 0, "cpu_limit": 0}, None),
    ],
)
async def test_limits_of_memory_and_cpus_are_sent_for_the_service_to_enforce(
    service, make_spawner, traits, limits
):
    assert (await sent(service, make_spawner(**traits))).get("limits") == limits


async def test_a_limit_that_a_hook_sets_before_the_start_is_sent(service, make_spawner):
    spawner = make_spawner()
    spawner.mem_limit = "256M"
    assert (await sent(service, spawner))["limits"] == {"memory": 256 * 2**20}


async def test_what_else_concerns_the_server_is_sent(service, make_spawner):
    spawner = make_spawner(
        cmd=["jupyter-labhub"],
        args=["--X.y=1"],
        debug=True,
        default_url="/lab",
        notebook_dir="~/work",
        disable_user_config=True,
        environment={"A": "1"},
    )
    body = await sent(service, spawner)
    assert body["command"] == ["jupyter-labhub"]
    assert body["args"] == ["--X.y=1"]
    assert body["env"]["JUPYTERHUB_DEBUG"] == "1"
    told = {name: body["env"].get(name) for name in ("A", "JUPYTERHUB_DEFAULT_URL", "JUPYTERHUB_ROOT_DIR")}
    assert told == {"A": "1", "JUPYTERHUB_DEFAULT_URL": "/lab", "JUPYTERHUB_ROOT_DIR": "~/work"}
    assert body["env"]["JUPYTERHUB_DISABLE_USER_CONFIG"] == "1"


@pytest.mark.parametrize(
    "traits, words",
    [
        ({"mem_guarantee": "1G"}, "c.Spawner.mem_guarantee"),
        ({"cpu_guarantee": 1}, "c.Spawner.cpu_guarantee"),
        ({"ip": "192.0.2.1"}, 'c.Spawner.ip is "192.0.2.1"'),
        ({"port": 9999}, "c.Spawner.port is 9999"),
    ],
)
async def test_what_no_server_can_have_is_refused_with_the_setting_and_a_way_out(
    service, make_spawner, traits, words
):
    with pytest.raises(web.HTTPError) as refused:
        await make_spawner(**traits).start()
    assert words in refused.value.jupyterhub_message
    assert "Remove it" in refused.value.jupyterhub_message
    assert refused.value.status_code == 500
    assert service.bodies == []


@pytest.mark.parametrize("ip", ["", "0.0.0.0", "127.0.0.1", "localhost", "::", "::1"])
async def test_an_address_that_means_any_or_this_machine_is_right_inside(service, make_spawner, ip):
    spawner = make_spawner(ip=ip, port=8888)
    await spawner.start()
    await spawner.stop()
    await spawner.start()
    assert len(service.bodies) == 2


async def test_a_refused_choice_does_not_count_towards_the_end_of_the_hub(service, make_spawner):
    service.refuse_options = {"size"}
    spawner = make_spawner()
    spawner.user_options = {"size": "huge"}
    spawner.handler = Handler(
        settings={"failure_count": 1}, request=SimpleNamespace(body_arguments={"size": [b"huge"]}, files=None)
    )
    with pytest.raises(web.HTTPError) as refused:
        await spawner.start()
    assert refused.value.status_code == 400
    # JupyterHub before 6 adds one after this; later ones do not count a status below 500
    counted = 1 if version_info[0] < 6 else 0
    assert spawner.handler.settings["failure_count"] + counted == 1


async def test_a_failure_of_the_service_counts(service, make_spawner):
    service.refuse_start = (500, {"code": "SANDBOX_FAILED", "message": "no"})
    spawner = make_spawner()
    spawner.handler = Handler(settings={"failure_count": 1})
    with pytest.raises(web.HTTPError):
        await spawner.start()
    assert spawner.handler.settings["failure_count"] == 1


async def test_a_start_refused_for_maintenance_does_not_count_in_any_version_of_the_hub(
    service, make_spawner
):
    service.refuse_start = (503, {"code": "MAINTENANCE", "message": "no servers are started: new disks"})
    spawner = make_spawner()
    spawner.handler = Handler(settings={"failure_count": 1})
    with pytest.raises(web.HTTPError) as refused:
        await spawner.start()
    assert refused.value.status_code == 503
    assert "new disks" in refused.value.jupyterhub_message
    # each version adds one after this: the status is not below 500
    assert spawner.handler.settings["failure_count"] + 1 == 1


def test_a_start_without_a_request_of_the_hub_has_nothing_to_count():
    uncount_failure(None, 400, "OPTION_INVALID")
    uncount_failure(SimpleNamespace(), 503, "MAINTENANCE")
