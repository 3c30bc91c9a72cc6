"""PortwrapSpawner.start: what is asked for, what comes back, and what interrupts it."""

import asyncio

import pytest
from tornado import web

from fake_service import TOKEN
from portwrap_spawner.service.errors import ServiceError

ALICE = ("alice", "")


async def test_a_start_returns_the_host_and_port_as_a_real_tuple(service, make_spawner):
    assert await make_spawner().start() == ("127.0.0.1", 20017)
    # JupyterHub < 5.3 formats it with %: a list would not do.
    assert type(await make_spawner().start()) is tuple


async def test_the_request_holds_what_the_protocol_asks_for(service, make_spawner):
    spawner = make_spawner(profile="big")
    spawner.user_options = {"memory": "2G"}
    await spawner.start()
    (body,) = service.bodies
    assert body["spawn_id"] == spawner.spawn_id
    assert body["profile"] == "big"
    assert body["user_options"] == {"memory": "2G"}
    assert body["route_prefix"] == "/user/alice/"
    assert "route_host" not in body
    assert body["env"]["JUPYTERHUB_USER"] == "alice"
    assert service.requests[0] == "POST /api/users/alice/server"


async def test_without_a_profile_the_service_chooses(service, make_spawner):
    await make_spawner().start()
    assert "profile" not in service.bodies[0]


async def test_a_named_server_is_asked_for_under_its_escaped_name(service, make_spawner):
    from portwrap_spawner import PortwrapSpawner

    class Named(PortwrapSpawner):
        name = "a b/ä%2F?x"

    spawner = make_spawner(Named)
    assert await spawner.start() == ("127.0.0.1", 20017)
    assert service.requests[0] == "POST /api/users/alice/servers/a%20b%2F%C3%A4%252F%3Fx"
    assert await spawner.poll() is None
    await spawner.stop()
    assert service.servers == {}


@pytest.mark.parametrize(
    "traits, command, args",
    [
        ({}, None, None),
        ({"args": ["--debug"]}, None, ["--debug"]),
        ({"cmd": ["jupyter-labhub"]}, ["jupyter-labhub"], None),
        ({"cmd": ["my server"], "args": ["-x"]}, ["my server"], ["-x"]),
    ],
)
async def test_command_and_args_are_sent_only_if_somebody_chose_them(
    service, make_spawner, traits, command, args
):
    await make_spawner(**traits).start()
    assert service.bodies[0].get("command") == command
    assert service.bodies[0].get("args") == args


def test_the_hubs_default_command_is_what_the_plugin_takes_for_it():
    from jupyterhub.spawner import Spawner

    from portwrap_spawner.start.request import HUB_DEFAULT_CMD

    assert Spawner.class_traits()["cmd"].default() == HUB_DEFAULT_CMD


async def test_works_over_a_unix_socket(service, make_spawner, tmp_path):
    await service.kill()
    await service.listen(socket_path=tmp_path / "api.sock")
    spawner = make_spawner()
    assert spawner.service_url.startswith("unix:///")
    assert await spawner.start() == ("127.0.0.1", 20017)


async def test_waits_for_a_service_that_is_down_and_then_starting_up(service, make_spawner):
    await service.kill()
    service.starting_up = True
    start = asyncio.ensure_future(make_spawner().start())
    await asyncio.wait([start], timeout=0.2)
    assert not start.done()
    await service.listen()
    await service.until(lambda: len(service.requests) > 1)
    assert not service.bodies
    service.starting_up = False
    assert await start == ("127.0.0.1", 20017)


async def test_a_dropped_stream_is_resumed_after_the_last_event(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.of(spawner.spawn_id) and service._streams)
    await service.say(spawner.spawn_id, progress=10, message="one")
    reader = spawner.progress()
    assert (await reader.__anext__())["message"] == "one"
    service.drop_streams()
    await service.until(lambda: sum("progress" in r for r in service.requests) == 2)
    await service.say(spawner.spawn_id, progress=20, message="two")
    await service.become_ready(spawner.spawn_id)
    assert await start == ("127.0.0.1", 20017)
    assert [event["message"] async for event in reader] == ["two"]


async def test_a_service_killed_and_restarted_during_a_start_is_not_noticed(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    await service.kill()
    service.starting_up = True
    await service.listen()
    before = len(service.requests)
    await service.until(lambda: len(service.requests) > before)
    service.starting_up = False
    await service.become_ready(spawner.spawn_id)
    assert await start == ("127.0.0.1", 20017)
    assert len(service.bodies) == 1


async def test_a_start_that_is_lost_on_the_way_is_repeated_under_the_same_spawn_id(service, make_spawner):
    service.starting_up = True
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.requests)
    spawn_id = spawner.spawn_id
    service.starting_up = False
    await start
    assert [body["spawn_id"] for body in service.bodies] == [spawn_id]


async def test_a_server_that_the_hub_has_forgotten_is_stopped_first(service, make_spawner):
    await make_spawner().start()
    forgotten = service.servers[ALICE]["spawn_id"]
    spawner = make_spawner()
    await spawner.start()
    assert service.servers[ALICE]["spawn_id"] == spawner.spawn_id != forgotten
    assert "DELETE /api/users/alice/server?spawn_id=" + forgotten in service.requests


async def test_a_cancelled_start_can_be_stopped_by_its_spawn_id(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert await spawner.poll() is None
    await spawner.stop()
    assert service.servers == {}
    # The connection of the cancelled stream was closed, not left to linger.
    await service.until(lambda: not service._streams)


async def test_a_stop_beats_the_start_that_has_not_arrived_yet(service, make_spawner):
    service.starting_up = True
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.requests)
    start.cancel()
    service.starting_up = False
    await spawner.stop()
    assert spawner.spawn_id in service.tombstones


async def test_a_start_that_outlives_its_spawner_state_does_not_overwrite_the_next(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    spawn_id = spawner.spawn_id
    spawner.clear_state()
    await service.become_ready(spawn_id)
    await start
    assert spawner.get_state() == {}


async def test_the_plugin_gives_up_before_the_hub_does_and_says_where_it_stood(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner(start_timeout=1)
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    await service.say(spawner.spawn_id, progress=40, message="Waiting for the server")
    with pytest.raises(web.HTTPError) as caught:
        await asyncio.wait_for(start, 1)
    assert "not ready within 0.9 s" in caught.value.jupyterhub_message
    assert "Waiting for the server" in caught.value.jupyterhub_message


async def test_a_failure_tells_reason_hint_and_log_escaped_for_html(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.of(spawner.spawn_id))
    error = {
        "code": "SERVER_DIED",
        "message": "the server ended with 7 <script>",
        "hint": "Look at the log.",
        "log": ["line %d 100%", "<b>boom</b>"],
    }
    await service.fail(spawner.spawn_id, error)
    with pytest.raises(web.HTTPError) as caught:
        await start
    failure = caught.value
    assert failure.status_code == 500
    assert failure.jupyterhub_message.split("\n") == [
        "The server ended with 7 <script>. Look at the log.",
        *error["log"],
    ]
    assert "&lt;script&gt;" in failure.jupyterhub_html_message
    assert "&lt;b&gt;boom&lt;/b&gt;" in failure.jupyterhub_html_message
    assert "<b>" not in failure.jupyterhub_html_message
    assert "<code>SERVER_DIED</code>" in failure.jupyterhub_html_message
    assert str(failure).endswith("line %d 100%\n<b>boom</b>")
    assert failure.reason.endswith("Look at the log. (SERVER_DIED) line %d 100% / b boom /b ")
    # And the hub then sees that nothing runs.
    assert await spawner.poll() == 1


async def test_the_reason_survives_the_hub_and_is_fit_for_a_status_line(service, make_spawner):
    service.refuse_start = (403, {"code": "USER_REFUSED", "message": "no ünicode\n<b>", "log": []})
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    caught.value.reason = "error"  # as jupyterhub.user.User.spawn does
    assert caught.value.reason == "No nicode b . A hint. (USER_REFUSED)"


async def test_nothing_that_a_terminal_obeys_comes_into_the_hubs_log(service, make_spawner):
    error = {
        "code": "SERVER_DIED",
        "message": "\x1b[2Jit ended\r\u202e",
        "hint": "See\x9b the log.\ud800",
        "log": ["\tTraceback\x1b]0;title\x07", "two\nlines"],
    }
    service.refuse_start = (500, error)
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    failure = caught.value
    assert str(failure) == "[2Jit ended. See the log.\n        Traceback]0;title\ntwolines"
    assert "\x1b" not in failure.jupyterhub_html_message
    assert str(ServiceError(500, error)) == "SERVER_DIED: [2Jit ended"


@pytest.mark.parametrize("field", ["body: unknown field (route_host)", "body.tls: unknown field (chain)"])
async def test_a_service_that_is_too_old_for_a_field_is_named_as_what_to_upgrade(
    service, make_spawner, field
):
    service.refuse_start = (400, {"code": "REQUEST_INVALID", "message": field})
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    failure = caught.value
    assert failure.jupyterhub_message == (
        f"The hub's plugin is newer than the spawner service, which does not know what it asks for: {field}."
        " An administrator must upgrade the service. Servers that run are not affected."
    )
    assert failure.status_code == 500
    assert "<code>PROTOCOL_UNSUPPORTED</code>" in failure.jupyterhub_html_message


async def test_another_refused_field_keeps_its_own_words(service, make_spawner):
    service.refuse_start = (400, {"code": "REQUEST_INVALID", "message": "body.user_options.a: must be text"})
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    assert caught.value.jupyterhub_message == "body.user_options.a: must be text. A hint."


async def test_a_message_that_begins_with_a_users_name_leaves_the_name_as_it_is(service, make_spawner):
    service.refuse_start = (429, {"code": "LIMIT_REACHED", "message": "alice has 2 servers already"})
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    assert caught.value.jupyterhub_message == "alice has 2 servers already. A hint."


async def test_a_refusal_during_the_start_has_its_status_too(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.of(spawner.spawn_id))
    await service.fail(spawner.spawn_id, {"code": "USER_REFUSED", "message": "no"})
    with pytest.raises(web.HTTPError) as caught:
        await start
    assert caught.value.status_code == 403


@pytest.mark.parametrize(
    "status, code, shown",
    [
        (403, "USER_REFUSED", 403),
        (400, "PROFILE_UNKNOWN", 400),
        (503, "PORTS_EXHAUSTED", 503),
        (502, "SERVER_DIED", 500),
    ],
)
async def test_a_refusal_is_reported_at_once_with_its_status(service, make_spawner, status, code, shown):
    service.refuse_start = (status, {"code": code, "message": "no", "log": []})
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner().start()
    assert caught.value.status_code == shown
    assert caught.value.jupyterhub_message == "No. A hint."
    assert len(service.bodies) == 1


async def test_a_wrong_token_is_an_error_of_the_hub_and_is_not_shown(service, make_spawner):
    secret = "not-the-token-of-the-tests"
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner(service_token=secret).start()
    failure = caught.value
    assert failure.status_code == 500
    assert "does not accept this hub's token" in failure.jupyterhub_message
    assert secret not in str(failure) + failure.jupyterhub_html_message


async def test_another_service_at_the_address_is_called_what_it_is(make_spawner, stranger):
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner(service_url=stranger).start()
    assert caught.value.jupyterhub_message == (
        "The program at PortwrapSpawner.service_url is not the spawner service: the response was HTTP 404."
        " An administrator must correct the address."
    )


async def test_every_request_says_which_protocol_the_plugin_speaks(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    await spawner.poll()
    await spawner.stop()
    assert set(service.protocols) == {"1"}


async def test_a_token_file_is_read_again_for_every_request(service, make_spawner, tmp_path):
    path = tmp_path / "token"
    path.write_text("old\n")
    spawner = make_spawner(service_token="", service_token_file=str(path))
    with pytest.raises(web.HTTPError):
        await spawner.start()
    path.write_text(TOKEN + "\n")
    assert await spawner.start() == ("127.0.0.1", 20017)


async def test_the_token_may_come_from_the_environment(service, make_spawner, monkeypatch):
    from portwrap_spawner import PortwrapSpawner

    monkeypatch.setenv("PORTWRAP_SERVICE_TOKEN", TOKEN)
    spawner = make_spawner(PortwrapSpawner)
    spawner.config.PortwrapSpawner.pop("service_token")
    fresh = PortwrapSpawner(
        config=spawner.config, hub=spawner.hub, user=spawner.user, service_url=service.url
    )
    assert await fresh.start() == ("127.0.0.1", 20017)


@pytest.mark.parametrize(
    "traits, part",
    [
        ({"service_token": ""}, "there is no token"),
        ({"service_token_file": "/nonexistent/token"}, "No such file"),
        ({"service_url": "127.0.0.1:8095"}, "write http://HOST:PORT"),
        ({"service_url": "unix://run/api.sock"}, "write unix:///absolute/path"),
        ({"service_token": "two\r\nlines"}, "character that is not allowed"),
    ],
)
async def test_a_hub_that_is_set_up_wrongly_is_told_what_to_set(make_spawner, traits, part):
    with pytest.raises(web.HTTPError) as caught:
        await make_spawner(**traits).start()
    assert part in caught.value.jupyterhub_message
    assert "two" not in caught.value.jupyterhub_message


async def test_a_server_that_dies_right_after_ready_is_a_failure(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    service.of(spawner.spawn_id)["state"] = "exited"
    await service.say(spawner.spawn_id, ready=True, progress=100)
    with pytest.raises(web.HTTPError) as caught:
        await start
    assert "right after it was ready" in caught.value.jupyterhub_message


async def test_with_subdomains_the_route_is_on_the_host_of_the_user(service, make_spawner):
    spawner = make_spawner()
    spawner.proxy_spec = "alice.hub.example.org/user/alice/"
    await spawner.start()
    body = service.bodies[0]
    assert (body["route_host"], body["route_prefix"]) == ("alice.hub.example.org", "/user/alice/")
