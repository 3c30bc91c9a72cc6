"""PortwrapSpawner.progress: every browser tab sees every event, whenever it connects."""

import asyncio

import pytest


async def collect(spawner):
    return [event async for event in spawner.progress()]


async def test_early_and_late_readers_see_the_same_events(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    # JupyterHub may ask before start() has run (its hooks come first).
    early = asyncio.ensure_future(collect(spawner))
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    await service.say(spawner.spawn_id, progress=40, message="Starting the sandbox")
    middle = asyncio.ensure_future(collect(spawner))
    await service.say(spawner.spawn_id, progress=60, message="<b>", html_message="&lt;b&gt;")
    await service.become_ready(spawner.spawn_id)
    await start
    expected = [
        {"progress": 40, "message": "Starting the sandbox"},
        {"progress": 60, "message": "<b>", "html_message": "&lt;b&gt;"},
    ]
    assert await early == await middle == await collect(spawner) == expected


HERE = ["What you open inside is at /hub&x/services/portwrap/"]


@pytest.mark.parametrize(
    ("page", "hub", "said"),
    [
        ("/hub&x/services/portwrap/", {}, HERE),
        ("/hub&x/services/portwrap/", {"subdomain_host": ""}, HERE),
        (
            "/services/portwrap/",
            {"subdomain_host": "https://hub.example:8443"},  # JupyterHub before 5
            ["What you open inside is at https://services.hub.example:8443/services/portwrap/"],
        ),
        (
            "/services/portwrap/",
            {
                "subdomain_host": "http://hub.example",
                "subdomain_hook": lambda name, domain, kind: f"{name}--{kind}.{domain}",
            },
            ["What you open inside is at http://portwrap--service.hub.example/services/portwrap/"],
        ),
        ("//evil.example/services/portwrap/", {}, []),
        ("https://evil.example/services/portwrap/", {}, []),
        ("javascript:alert(1)", {}, []),
        (7, {}, []),
    ],
)
async def test_the_last_event_says_where_the_user_finds_open_ports(service, make_spawner, page, hub, said):
    service.ready_at_once = False
    spawner = make_spawner(web=hub)
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    await service.become_ready(spawner.spawn_id, ports_page=page)
    await start
    events = await collect(spawner)
    assert [event["message"] for event in events] == said
    for event in events:
        link = event["message"].partition(" at ")[2].replace("&", "&amp;")
        assert event["html_message"] == f'What you open inside is at <a href="{link}">{link}</a>'


async def test_a_reader_that_goes_away_disturbs_no_other(service, make_spawner):
    service.ready_at_once = False
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    leaving, staying = (asyncio.ensure_future(collect(spawner)) for _ in range(2))
    await service.until(lambda: service._streams)
    leaving.cancel()
    await service.say(spawner.spawn_id, progress=1, message="on")
    await service.become_ready(spawner.spawn_id)
    await start
    assert await staying == [{"progress": 1, "message": "on"}]


async def test_readers_end_when_the_start_fails(service, make_spawner):
    service.refuse_start = (403, {"code": "USER_REFUSED", "message": "no"})
    spawner = make_spawner()
    reader = asyncio.ensure_future(collect(spawner))
    await asyncio.gather(spawner.start(), return_exceptions=True)
    assert await reader == []


async def test_the_next_start_shows_none_of_the_last_ones_events(service, make_spawner):
    spawner = make_spawner()
    await spawner.start()
    assert len(await collect(spawner)) == 1
    await spawner.stop()
    spawner.clear_state()
    reader = asyncio.ensure_future(collect(spawner))
    service.ready_at_once = False
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service._streams)
    await service.become_ready(spawner.spawn_id)
    await start
    assert await reader == []


async def test_a_reader_is_told_that_the_service_is_being_waited_for(service, make_spawner):
    service.starting_up = True
    spawner = make_spawner()
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: len(service.requests) == 3)
    service.starting_up = False
    await start
    messages = [event["message"] for event in await collect(spawner)]
    assert messages == ["Waiting for the spawner service", "Starting the sandbox"]
