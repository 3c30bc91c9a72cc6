"""PortwrapSpawner.poll never lies, stop never gives up, and both survive a restart of the hub."""

import asyncio

import pytest


@pytest.fixture
def said(caplog):
    """What the hub's log says about servers that have ended."""
    return lambda: [m for m in (r.getMessage() for r in caplog.records) if " has ended: " in m]


async def test_nothing_started_is_not_running(make_spawner):
    assert await make_spawner().poll() == 0


@pytest.mark.parametrize("state", ["starting", "ready", "stopping"])
async def test_everything_but_exited_is_running(service, make_spawner, state):
    spawner = make_spawner()
    await spawner.start()
    service.of(spawner.spawn_id)["state"] = state
    assert await spawner.poll() is None


@pytest.mark.parametrize(
    "code, signal, error, status",
    [
        (0, None, None, 0),
        (7, None, None, 7),
        (None, "SIGKILL", None, 137),
        (None, "SIGTERM", None, 143),
        (None, None, None, 0),
        (None, None, {"code": "SERVER_DIED", "message": "x"}, 1),
        (None, "SIGNONSENSE", None, 0),
    ],
)
async def test_an_exited_server_has_an_integer_status(service, make_spawner, code, signal, error, status):
    spawner = make_spawner()
    await spawner.start()
    await service.die(spawner.spawn_id, code, signal)
    service.of(spawner.spawn_id)["error"] = error
    assert await spawner.poll() == status


@pytest.mark.parametrize(
    "ended, words",
    [
        ({"exit": {"code": 7, "reason": "it ended with exit code 7"}}, "it ended with exit code 7"),
        ({"exit": {"code": 7, "reason": "it\x1b[2J ended\n"}}, "it[2J ended"),
        # Of a service from before it said why.
        ({"exit": {"code": 7}}, "it has ended"),
        ({"exit": {}}, "it has ended"),
        (
            {"exit": {"code": 0}, "error": {"code": "IDLE_CULLED", "message": "stopped after\n2 hours"}},
            "stopped after 2 hours (IDLE_CULLED)",
        ),
        (
            {
                "exit": {"code": 1},
                "error": {"code": "SERVER_DIED", "message": "\x1b[2Jthe\u202e \x00end\ud800"},
            },
            "[2Jthe end (SERVER_DIED)",
        ),
    ],
)
async def test_the_hubs_log_says_once_why_a_server_is_gone(service, make_spawner, said, ended, words):
    spawner = make_spawner()
    await spawner.start()
    service.of(spawner.spawn_id).update(state="exited", **ended)
    for _ in range(3):
        assert await spawner.poll() is not None
    assert said() == ["The server alice has ended: " + words]


@pytest.mark.parametrize(
    "misfortune, words",
    [
        (lambda service: service.forget(), "the spawner service does not know it: it was stopped there"),
        (lambda service: service.reboot(), "the machine was restarted"),
    ],
)
async def test_the_hubs_log_says_why_a_server_is_unknown(service, make_spawner, said, misfortune, words):
    spawner = make_spawner()
    await spawner.start()
    misfortune(service)
    await spawner.poll()
    await spawner.poll()
    assert said() == ["The server alice has ended: " + words]


async def test_without_a_boot_to_compare_nobody_claims_a_restart(service, make_spawner, said):
    spawner = make_spawner()
    await spawner.start()
    spawner._started.boot_id = ""
    service.forget()
    assert await spawner.poll() == 0
    assert said() == [
        "The server alice has ended: the spawner service does not know it: it was stopped there"
    ]


async def misfortune_down(service):
    await service.kill()


async def misfortune_starting_up(service):
    service.starting_up = True


async def misfortune_records_lost(service):
    service.lose_records()


@pytest.mark.parametrize("misfortune", [misfortune_down, misfortune_starting_up, misfortune_records_lost])
async def test_a_truth_that_cannot_be_had_is_running(service, make_spawner, misfortune):
    spawner = make_spawner()
    await spawner.start()
    await misfortune(service)
    assert await spawner.poll() is None


@pytest.mark.parametrize(
    "traits",
    [{"service_token": "wrong"}, {"service_token": ""}, {"service_url": "nonsense"}],
)
async def test_a_hub_that_was_reconfigured_wrongly_does_not_drop_its_servers(service, make_spawner, traits):
    spawner = make_spawner()
    await spawner.start()
    after_restart = make_spawner(**traits)
    after_restart.load_state(spawner.get_state())
    assert await after_restart.poll() is None


async def test_an_answer_that_is_not_the_services_is_running(make_spawner, stranger):
    spawner = make_spawner(service_url=stranger)
    spawner.load_state({"spawn_id": "0123456789", "state_id": "s", "boot_id": "b"})
    assert await spawner.poll() is None


async def test_a_server_that_the_service_knows_to_be_gone_is_not_running(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    service.forget()
    assert await spawner.poll() == 0


async def test_after_a_reboot_of_the_machine_nothing_runs(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    service.lose_records()
    service.reboot()
    assert await spawner.poll() == 1


async def test_a_start_that_has_not_arrived_counts_as_running(service, make_spawner):
    service.starting_up = True
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.requests)
    start.cancel()
    service.starting_up = False
    assert await spawner.poll() is None


async def test_the_state_finds_the_server_again_after_a_restart_of_the_hub(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    state = spawner.get_state()
    assert state == {
        "spawn_id": spawner.spawn_id,
        "started_as": "",
        "pid": 4711,
        "port": 20017,
        "state_id": "state-1",
        "boot_id": "boot-1",
    }
    again = make_spawner()
    again.load_state(state)
    assert again.get_state() == state
    assert await again.poll() is None
    assert await again.get_url() == "http://127.0.0.1:20017/user/alice/"
    await again.stop()
    assert service.servers == {}


async def test_an_empty_state_loads_and_a_cleared_one_is_empty(service, make_spawner):
    spawner = make_spawner()
    spawner.load_state({})
    assert spawner.get_state() == {}
    await spawner.start()
    spawner.clear_state()
    assert spawner.get_state() == {}
    assert await spawner.poll() == 0


async def test_get_url_falls_back_to_the_hubs_own_record(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    await service.kill()
    assert await spawner.get_url() == "http://127.0.0.1:20000/user/alice/"


async def test_a_stop_returns_only_when_the_server_is_gone(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    await service.kill()
    stop = asyncio.ensure_future(spawner.stop())
    await asyncio.wait([stop], timeout=0.3)
    assert not stop.done()
    service.starting_up = True
    await service.listen()
    before = len(service.requests)
    await service.until(lambda: len(service.requests) > before)
    assert not stop.done()
    service.starting_up = False
    await stop
    assert service.servers == {}


async def test_a_stop_may_be_repeated(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    await spawner.stop()
    await spawner.stop()
    assert service.servers == {}


async def test_a_stop_without_a_start_asks_nobody(service, make_spawner):
    await make_spawner().stop()
    assert service.requests == []


async def test_a_stop_names_its_incarnation_and_leaves_another_alone(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    stale = make_spawner()
    stale.load_state(dict(spawner.get_state(), spawn_id="anotherspawn"))
    await stale.stop()
    assert service.of(spawner.spawn_id)


async def test_now_is_passed_on(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    await spawner.stop(now=True)
    assert service.requests[-1].endswith("&now=true")


async def test_a_stop_that_is_refused_says_so(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    spawner.service_token = "wrong"
    with pytest.raises(Exception, match="UNAUTHORIZED"):
        await spawner.stop()
    assert service.of(spawner.spawn_id)
