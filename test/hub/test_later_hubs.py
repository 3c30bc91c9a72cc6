"""What later hubs do that JupyterHub 3.0 does not, played by STAND-INS: no later hub is installed here."""

import asyncio

import pytest

from portwrap_spawner import PortwrapSpawner


def named(server_name):
    return type("Named", (PortwrapSpawner,), {"name": server_name})


async def test_a_server_that_the_hub_has_renamed_is_found_and_stopped(service, make_spawner):
    """6.0: rename."""
    spawner = make_spawner(named("before"))
    await spawner.start()
    state = spawner.get_state()
    renamed = make_spawner(named("after"))
    renamed.load_state(state)
    assert await renamed.poll() is None
    assert await renamed.get_url() == "http://127.0.0.1:20017/user/alice/"
    await renamed.stop()
    assert service.servers == {}


async def test_a_state_of_an_earlier_plugin_is_understood(service, make_spawner):
    first = make_spawner()
    await first.start()
    state = first.get_state()
    del state["started_as"]
    second = make_spawner()
    second.load_state(state)
    assert await second.poll() is None


async def test_a_start_that_the_hub_cancels_is_stopped_by_its_spawn_id(service, make_spawner):
    """5.1: asyncio.wait_for around start, then stop."""
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.of(spawner.spawn_id))
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    await spawner.stop()
    assert service.servers == {}


def test_options_are_left_to_the_service_without_a_warning(make_spawner):
    """5.3: apply_user_options is called with every start that has options."""
    spawner = make_spawner()
    assert spawner._leave_options_to_the_service()(spawner, {"memory": 4}) is None
    assert spawner.mem_limit is None
