"""What a user chooses: the form that is shown, what it sends, and a choice that is not offered any more."""

import asyncio
import logging
from datetime import datetime, timedelta, timezone
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import parse_qs

import jupyterhub
import pytest
from jupyterhub.handlers.pages import SpawnHandler
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from portwrap_spawner.form.choices import choice_of, from_form
from portwrap_spawner.outcome.ending import Ending

SMALL = {"name": "small", "description": "A notebook", "options": []}


def option(name, kind, **more):
    blank = {"description": "", "choices": [], "min": None, "max": None, "pattern": None, "default": None}
    return dict(blank, name=name, type=kind, **more)


BIG = {
    "name": "big",
    "description": "For <large> data",
    "options": [
        option("memory", "memory", description="Memory", min=1, max=16, default=4),
        option("cores", "cpus", min=0.5, max=8, default=1),
        option("size", "choice", choices=["s", "l"], default="s"),
        option("gpu", "boolean", default=True),
        option("note", "text", pattern="[a-z]{1,9}"),
    ],
}


class Page(HTMLParser):
    """The controls of a form: (tag, attributes), and the ids that labels are for."""

    def __init__(self, html):
        super().__init__()
        self.controls, self.labels, self.ids, self.text = [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag in ("input", "select"):
            self.controls.append((tag, attributes))
        if tag == "label":
            self.labels.append(attributes["for"])
        if "id" in attributes:
            self.ids.append(attributes["id"])

    def handle_data(self, data):
        self.text += data

    def control(self, name):
        return [attributes for _, attributes in self.controls if attributes.get("name") == name]


@pytest.fixture
def form(service, make_spawner):
    async def shown(profiles, user_options=None, **traits):
        service.profiles = profiles
        spawner = make_spawner(**traits)
        spawner.user_options = user_options or {}
        return await spawner.get_options_form()

    return shown


@pytest.mark.parametrize("profiles", [[], [SMALL]])
async def test_without_a_choice_there_is_no_form(form, profiles):
    assert not await form(profiles)


async def test_every_control_has_a_label_and_every_id_is_there_once(form):
    page = Page(await form([SMALL, BIG]))
    visible = [a["id"] for _, a in page.controls if a.get("type") != "hidden"]
    assert len(visible) == 7
    assert sorted(visible) == sorted(page.labels)
    assert len(set(page.ids)) == len(page.ids)
    for _, attributes in page.controls:
        assert set(attributes.get("aria-describedby", "").split()) <= set(page.ids)


async def test_the_first_profile_and_the_defaults_are_chosen_at_first(form):
    page = Page(await form([SMALL, BIG]))
    assert ["checked" in radio for radio in page.control("profile")] == [True, False]
    (memory,) = page.control("big:memory")
    assert (memory["min"], memory["max"], memory["value"]) == ("1", "16", "4")


async def test_the_last_choice_is_chosen_again(form):
    last = {"profile": "big", "memory": "8", "gpu": "off", "note": "abc"}
    page = Page(await form([SMALL, BIG], last))
    assert ["checked" in radio for radio in page.control("profile")] == [False, True]
    assert page.control("big:memory")[0]["value"] == "8"
    assert "checked" not in page.control("big:gpu")[1]
    assert page.control("big:note")[0]["value"] == "abc"


async def test_the_form_says_that_the_last_profile_is_gone(form):
    page = Page(await form([SMALL, BIG], {"profile": "<b>old"}))
    assert "<b>old, is not offered any more; small is chosen instead." in page.text
    assert "checked" in page.control("profile")[0]


async def test_a_profile_that_the_administrator_fixed_is_the_only_one_shown(form):
    page = Page(await form([SMALL, BIG], profile="big"))
    assert [radio["value"] for radio in page.control("profile")] == ["big"]
    assert not await form([SMALL, BIG], profile="small")


async def test_a_profile_is_called_by_its_title_and_chosen_by_its_name(form):
    titled = dict(BIG, title="Large <memory>")
    page = Page(await form([SMALL, titled], {"profile": "old"}))
    assert [radio["value"] for radio in page.control("profile")] == ["small", "big"]
    assert "Large <memory>" in page.text
    assert "Options of Large <memory>" in page.text
    page = Page(await form([titled, SMALL], {"profile": "old"}))
    assert "old, is not offered any more; Large <memory> is chosen instead." in page.text
    assert "big" not in page.text


async def test_what_strangers_wrote_is_shown_as_text(form):
    evil = '"><script>alert(1)</script>'
    options = [
        option("a", "choice", description=evil, choices=[evil]),
        option("b", "text", pattern=evil, default=evil),
    ]
    profiles = [{"name": "p", "title": evil, "description": evil, "options": options}]
    html = await form(profiles, {"profile": evil, "b": evil})
    assert "<script>alert" not in html
    assert evil in Page(html).text


ENDED = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)


@pytest.fixture
def form_after(service, make_spawner):
    """The form that is shown after a server that has ended so."""

    async def shown(error=None, **exited):
        service.profiles = [SMALL, BIG]
        spawner = make_spawner()
        await spawner.start()
        ended = datetime.now(timezone.utc) - timedelta(minutes=30, seconds=20)
        time = ended.strftime("%Y-%m-%dT%H:%M:%S.123Z")
        exit = dict({"code": 0, "signal": None, "time": time}, **exited)
        service.of(spawner.spawn_id).update(state="exited", error=error, exit=exit)
        assert await spawner.poll() is not None
        spawner.clear_state()  # as the hub does when it has taken note
        return await spawner.get_options_form()

    return shown


async def test_the_form_says_why_the_last_server_is_gone_and_what_to_do(form_after):
    error = {
        "code": "IDLE_CULLED",
        "message": "stopped after 2 hours without activity",
        "hint": "Start it again.",
    }
    page = Page(await form_after(error))
    assert (
        "The last server ended 30 minutes ago: stopped after 2 hours without activity.Start it again."
        in page.text
    )


async def test_the_form_shows_the_last_lines_of_a_server_that_failed_as_text(form_after):
    evil = "<script>alert(1)</script>"
    html = await form_after(
        {"code": "SERVER_DIED", "message": evil, "hint": evil, "log": [evil, "last line"]}
    )
    assert "<script>alert" not in html
    assert Page(html).text.count(evil) == 3
    assert "<details open><summary>The last lines of its log" in html


async def test_the_form_says_that_the_last_server_ran_out_of_memory(form_after):
    page = Page(
        await form_after(
            signal="SIGKILL",
            code=None,
            out_of_memory=True,
            reason="it ran out of memory, and the kernel ended it",
        )
    )
    assert "ago: it ran out of memory, and the kernel ended it.Start it again with more memory" in page.text


async def test_the_form_says_nothing_of_a_server_that_was_shut_down_from_within(form_after):
    assert "The last server" not in await form_after()


async def test_the_form_says_nothing_of_a_server_that_the_hub_has_stopped(service, make_spawner):
    service.profiles = [SMALL, BIG]
    spawner = make_spawner()
    await spawner.start()
    await spawner.stop()
    spawner.clear_state()
    assert "The last server" not in await spawner.get_options_form()


async def test_a_profile_of_wrapspawner_may_have_any_key_and_starts_the_one_that_is_fixed_in_it(
    service, make_spawner
):
    spawner = make_spawner(profile="big")
    spawner.user_options = {"profile": "key-of-wrapspawner"}
    with pytest.raises(Exception, match="cannot be chosen on this hub"):
        await spawner.start()
    spawner.user.spawners = {"": SimpleNamespace(child_spawner=spawner)}
    await spawner.start()
    assert service.bodies[-1]["profile"] == "big"
    assert service.bodies[-1]["user_options"] == {}


MAINTENANCE = {
    "state": "planned",
    "message": "New <disks>",
    "starts_at": "2026-12-01T17:00:00.000Z",
    "stop_servers_at": "2026-12-01T18:00:00.000Z",
}


async def test_the_form_announces_maintenance_with_its_times(service, form):
    service.maintenance = MAINTENANCE
    assert (
        "Maintenance from 2026-12-01 17:00 UTC on. New <disks>."
        " Servers that run are asked to end at 2026-12-01 18:00 UTC."
    ) in Page(await form([SMALL, BIG])).text
    service.maintenance = dict(MAINTENANCE, state="on", stop_servers_at=None)
    text = Page(await form([SMALL, BIG])).text
    assert "Maintenance: no server can be started now. New <disks>." in text
    assert "asked to end" not in text


@pytest.mark.parametrize("answer", [{"state": "off", "message": None}, None, {"state": 7}])
async def test_without_maintenance_or_with_an_older_service_the_form_says_nothing_of_it(
    service, form, answer
):
    service.maintenance = answer
    assert "Maintenance" not in await form([SMALL, BIG])


@pytest.mark.parametrize("is_finished, times", [(False, 0), (True, 1)])
async def test_the_page_that_shows_the_failure_of_a_start_says_it_once(
    service, make_spawner, is_finished, times
):
    service.profiles, service.ready_at_once = [SMALL, BIG], False
    spawner = make_spawner()
    handler = spawner.handler = request("GET", "/hub/spawn/alice")
    handler._finished = is_finished
    start = asyncio.ensure_future(spawner.start())
    await service.until(lambda: service.of(spawner.spawn_id))
    error = {"code": "SERVER_DIED", "message": "it ended with exit code 1", "log": ["no such file"]}
    await service.fail(spawner.spawn_id, error)
    with pytest.raises(Exception, match="exit code 1"):
        await start
    service.of(spawner.spawn_id).update(state="exited", error=error, exit={"code": 1, "signal": None})
    spawner.handler = None  # as the hub does when a start is over
    assert (await spawner.get_options_form()).count("it ended with exit code 1") == times
    assert handler is not None


@pytest.mark.parametrize(
    "past, words",
    [
        ({"seconds": 5}, " a moment ago"),
        ({"seconds": -5}, " a moment ago"),
        ({"minutes": 2}, " 2 minutes ago"),
        ({"minutes": 119}, " 119 minutes ago"),
        ({"hours": 30}, " 30 hours ago"),
        ({"days": 3}, " 3 days ago"),
    ],
)
def test_how_long_ago_a_server_ended_is_said_in_one_unit(past, words):
    assert Ending("x", time=ENDED).ago(ENDED + timedelta(**past)) == words


async def test_a_service_that_does_not_answer_leaves_a_form_that_says_so(service, make_spawner):
    await service.kill()
    html = await make_spawner().get_options_form()
    assert "cannot be reached" in html
    assert "You can start the default" in html


@pytest.mark.parametrize("traits", [{"service_url": "nonsense"}, {"service_token": ""}])
async def test_a_hub_that_is_set_up_wrongly_has_a_form_that_says_so(make_spawner, traits):
    html = await make_spawner(**traits).get_options_form()
    assert "connection to the spawner service is not set up" in html
    assert "You can start the default" in html


async def test_the_groups_that_the_hub_knows_are_told_to_the_service(service, make_spawner):
    spawner = make_spawner()
    spawner.user.groups = [SimpleNamespace(name="staff"), SimpleNamespace(name="a b&c")]
    await spawner.get_options_form()
    await spawner.start()
    assert service.requests[0] == "GET /api/users/alice/profiles?group=staff&group=a+b%26c"
    assert service.bodies[0]["groups"] == ["staff", "a b&c"]


GPU_FREE = [{"what": "gpus", "free": 2, "total": 4, "needed": 1}]
GPU_TAKEN = [{"what": "gpus", "free": 0, "total": 4, "needed": 1}]


def choice(name, title, description="", free=()):
    return {"name": name, "title": title, "description": description, "free": list(free)}


def lab(**more):
    details = more.pop(
        "details",
        [choice("small", "Small", "Starts at once"), choice("gpu", "One <GPU>", free=GPU_FREE)],
    )
    size = option("size", "choice", default="small", title="Size", choices=[c["name"] for c in details])
    size.update({"choice_details": details, "other": None}, **more)
    return {"name": "lab", "title": "Lab", "description": "", "options": [size], "free": []}


OTHER = {"title": "Another project", "description": "", "pattern": "[a-z]{2,9}"}


async def test_choices_with_words_are_radio_buttons_in_a_group_with_what_is_free_beside_them(form):
    html = await form([lab(description="How much you need")])
    page = Page(html)
    small, gpu = page.control("lab:size")
    assert [(c["type"], c["value"], "checked" in c) for c in (small, gpu)] == [
        ("radio", "small", True),
        ("radio", "gpu", False),
    ]
    assert small["aria-describedby"] in page.ids
    assert "One <GPU> 2 of 4 GPUs are free" in " ".join(page.text.split())
    assert "pw-full" not in html.split("</style>")[1]
    assert "How much you need" in page.text
    visible = [a["id"] for _, a in page.controls if a.get("type") != "hidden"]
    assert sorted(visible) == sorted(page.labels)


@pytest.mark.parametrize(
    "free, words",
    [
        ([{"what": "gpus", "free": 1, "total": 4, "needed": 1}], "1 of 4 GPUs is free"),
        ([{"what": "gpus", "free": 1, "total": 4, "needed": 2}], "needs 2, 1 of 4 GPUs is free"),
        ([{"what": "gpus", "free": 0, "total": 1, "needed": 1}], "0 of 1 GPU is free"),
        ([{"what": "servers", "free": 3, "total": 20, "needed": 1}], "3 of 20 places are free"),
        # of a later service
        ([{"what": "moons", "free": 0, "total": 1, "needed": 1}], ""),
    ],
)
async def test_what_is_free_of_a_profile_is_said_beside_it(form, free, words):
    page = Page(await form([dict(SMALL, free=free), BIG]))
    text = " ".join(page.text.split())
    assert f"small {words}".strip() in text
    assert bool(words) == ("free" in text.split("A notebook")[0].split("Choose what to start")[1])


@pytest.mark.parametrize(
    "last, details, selected, note",
    [
        ("gpu", None, "gpu", ""),
        (
            "huge",
            None,
            "small",
            "Size: huge, which you chose last, is not offered any more; Small is chosen instead.",
        ),
        (
            "gpu",
            [choice("small", "Small"), choice("gpu", "One GPU", free=GPU_TAKEN)],
            "small",
            "Size: One GPU, which you chose last, is not free now (0 of 4 GPUs are free); Small is chosen instead.",
        ),
        # the default is not free either
        (
            "gpu",
            [choice("small", "Small", free=GPU_TAKEN), choice("gpu", "One GPU", free=GPU_TAKEN)],
            "gpu",
            "",
        ),
    ],
)
async def test_a_last_choice_that_does_not_fit_is_replaced_with_one_sentence(
    form, last, details, selected, note
):
    page = Page(
        await form([lab(**({"details": details} if details else {}))], {"profile": "lab", "size": last})
    )
    assert [c["value"] for c in page.control("lab:size") if "checked" in c] == [selected]
    assert note in page.text
    assert ("chosen instead" in page.text) == bool(note)


async def test_a_last_profile_that_is_not_free_is_replaced_with_one_sentence(form):
    page = Page(await form([SMALL, dict(BIG, title="Big", free=GPU_TAKEN)], {"profile": "big"}))
    assert "checked" in page.control("profile")[0]
    assert (
        "Big, which you chose last, is not free now (0 of 4 GPUs are free); small is chosen instead."
        in page.text
    )


async def test_a_number_that_is_out_of_bounds_now_and_an_option_that_is_gone_are_replaced(form):
    page = Page(await form([SMALL, BIG], {"profile": "big", "memory": "64", "speed": "9"}))
    assert page.control("big:memory")[0]["value"] == "4"
    assert "Memory: 64, which you chose last, is not offered any more; 4 is chosen instead." in page.text
    assert "What you chose last for speed is not offered any more." in page.text


async def test_a_text_in_the_place_of_a_choice_is_shown_again(form):
    page = Page(await form([lab(other=OTHER)], {"profile": "lab", "size": "<abc>"}))
    assert [c["value"] for c in page.control("lab:size") if "checked" in c] == [":other"]
    (text,) = page.control("lab:size:other")
    assert (text["value"], text["data-pattern"]) == ("<abc>", "[a-z]{2,9}")
    # without scripts, a pattern of a field that is not shown would keep the form from being sent
    assert not {"pattern", "required"} & set(text)
    assert text["id"] in page.labels
    assert text["aria-describedby"] in page.ids
    assert "Must match [a-z]{2,9}" in page.text
    described = Page(await form([lab(other=dict(OTHER, description="Small letters"))]))
    assert "Small letters" in described.text
    assert "Must match" not in described.text
    assert "chosen instead" not in page.text


async def test_a_service_of_before_the_choices_has_the_form_that_it_had(form):
    page = Page(await form([SMALL, BIG]))
    (select,) = [attributes for tag, attributes in page.controls if tag == "select"]
    assert select["name"] == "big:size"


@pytest.mark.parametrize("text", [[], [""], ["  "]])
def test_a_text_that_was_not_written_is_asked_for(text):
    fields = {"profile": ["lab"], "lab:size": [":other"], "lab:size:other": text}
    with pytest.raises(ValueError, match='Nothing is written for "size"'):
        from_form(fields)


@pytest.mark.parametrize(
    "fields, options",
    [
        (
            {"profile": ["lab"], "lab:size": [":other"], "lab:size:other": [" abc "]},
            {"profile": "lab", "size": "abc"},
        ),
        # of a choice that was left again
        (
            {"profile": ["lab"], "lab:size": ["small"], "lab:size:other": ["abc"]},
            {"profile": "lab", "size": "small"},
        ),
        ({"profile": ["small"], "lab:size": [":other"], "lab:size:other": [""]}, {"profile": "small"}),
        ({"profile": ["small"], "big:memory": ["4"]}, {"profile": "small"}),
        (
            {"profile": ["big"], "big:memory": ["4"], "big:note": [""], "big:gpu": ["off", "on"]},
            {"profile": "big", "memory": "4", "gpu": "on"},
        ),
        ({"profile": ["big"], "big:gpu": ["off"]}, {"profile": "big", "gpu": "off"}),
        ({"profile": ["big"], "size": ["l"], "_xsrf": ["x"]}, {"profile": "big", "size": "l"}),
        ({}, {}),
    ],
)
def test_the_fields_of_the_chosen_profile_are_the_options(fields, options):
    assert from_form(fields) == options


async def test_a_choice_reaches_the_service_in_its_parts(service, make_spawner):
    spawner = make_spawner()
    spawner.user_options = spawner.run_options_from_form({"profile": ["big"], "big:memory": ["4"]})
    await spawner.start()
    assert service.bodies[0]["profile"] == "big"
    assert service.bodies[0]["user_options"] == {"memory": "4"}


async def test_another_profile_than_the_fixed_one_is_refused_in_words(make_spawner):
    with pytest.raises(ValueError, match='"big" cannot be chosen on this hub, which starts "small"'):
        choice_of({"profile": "big"}, "small")
    spawner = make_spawner(profile="small")
    spawner.user_options = {"profile": "big"}
    with pytest.raises(Exception, match="cannot be chosen") as caught:
        await spawner.start()
    assert caught.value.status_code == 400


class Handler:
    """Of a request to the hub, as tornado has it."""

    def __init__(self, made):
        self.request = made
        self.settings = {}
        self._finished = False


def request(method, uri, body=b"", content_type="application/json"):
    """The handler of a request as tornado has parsed it."""
    headers = HTTPHeaders({"Host": "hub.example", "Content-Type": content_type})
    line = RequestStartLine(method, uri, "HTTP/1.1")
    made = HTTPServerRequest(start_line=line, headers=headers, body=body)
    made._parse_body()
    return Handler(made)


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("refused", ["profile", "old"])
@pytest.mark.parametrize(
    "handler",
    [
        None,
        request("GET", "/hub/spawn/alice?next=%2Fhub%2Fhome"),
        request("GET", "/hub/spawn/alice?_xsrf=x"),
        # the hub's admin page
        request("POST", "/hub/api/users/alice/server?_xsrf=x"),
        request("POST", "/hub/api/users/alice/server", b"{}"),
        request("POST", "/hub/api/users/alice/server", b'{"_xsrf": "x"}'),
        # JupyterHub 6: a start of a named server
        request("POST", "/hub/api/users/alice/servers/a", b'{"display_name": "A"}'),
        request("POST", "/hub/api/users/alice/servers/a", b'{"user_options": null}'),
        request("POST", "/hub/spawn/alice?_xsrf=x", b"_xsrf=x", FORM),
    ],
)
async def test_a_last_choice_that_is_not_offered_any_more_gives_way_to_the_default(
    service, make_spawner, refused, handler
):
    service.refuse_options = {refused}
    spawner = make_spawner()
    spawner.handler = handler
    spawner.user_options = {"profile": "big", "old": 1}
    assert await spawner.start() == ("127.0.0.1", 20017)
    # where only an option is refused, the profile stays, with its defaults
    kept = {} if refused == "profile" else {"profile": "big"}
    assert {key: service.bodies[-1].get(key) for key in kept} == kept
    assert ("profile" in service.bodies[-1]) == bool(kept)
    assert service.bodies[-1]["user_options"] == {}
    assert spawner.user_options == kept
    messages = [event["message"] async for event in spawner.progress()]
    reason = {"profile": "there is no such profile", "old": "an option is not one of this profile"}[refused]
    assert messages[0] == f"What you chose last is not offered any more ({reason}); starting the default"


async def test_a_last_choice_that_is_not_free_now_gives_way_to_the_default(service, make_spawner):
    service.full = {"big"}
    spawner = make_spawner()
    spawner.user_options = {"profile": "big", "memory": "8"}
    assert await spawner.start() == ("127.0.0.1", 20017)
    assert "profile" not in service.bodies[-1]
    messages = [event["message"] async for event in spawner.progress()]
    assert messages[0] == (
        "What you chose last is not free now (big needs 1 of the 4 GPUs, and 0 are free); starting the default"
    )


async def test_a_last_choice_gives_way_step_by_step_and_the_last_refusal_is_said(service, make_spawner):
    service.refuse_options, service.full = {"old"}, {"big", ""}
    spawner = make_spawner()
    spawner.user_options = {"profile": "big", "old": 1}
    with pytest.raises(Exception, match="0 are free") as caught:
        await spawner.start()
    assert caught.value.status_code == 429
    sent = [(body.get("profile"), body["user_options"]) for body in service.bodies]
    assert sent == [("big", {"old": 1}), ("big", {}), (None, {})]


@pytest.mark.parametrize(
    "handler",
    [
        request("POST", "/hub/spawn/alice?_xsrf=x", b"_xsrf=x&profile=gone", FORM),
        request("POST", "/hub/api/users/alice/server", b'{"profile": "gone"}'),
        request(
            "POST",
            "/hub/api/users/alice/servers/a",
            b'{"display_name": "A", "user_options": {"profile": "gone"}}',
        ),
        request("GET", "/hub/spawn/alice?profile=gone"),
        request("GET", "/hub/spawn/alice?opt-profile=gone"),
    ],
)
async def test_a_choice_that_is_made_now_is_refused_instead(service, make_spawner, handler):
    service.refuse_options = {"profile"}
    spawner = make_spawner()
    spawner.handler = handler
    spawner.user_options = {"profile": "gone"}
    with pytest.raises(Exception, match="There is no such profile") as caught:
        await spawner.start()
    assert caught.value.status_code == 400


def as_the_hub_passes(query):
    """From the names and values of a spawn page's URL to those that this JupyterHub gives to options_from_query()."""
    passed = {name: values for name, values in query.items() if name != "next"}
    if jupyterhub.version_info < (6,):
        return passed
    passed.pop("display_name", None)
    return SpawnHandler._get_user_options(SimpleNamespace(log=logging.getLogger()), passed)


@pytest.mark.parametrize(
    "url, options",
    [
        ("opt-profile=big&opt-memory=8&memory=2", {"profile": "big", "memory": "8"}),
        ("profile=big&memory=8", {"profile": "big", "memory": "8"}),
        ("profile=big&_xsrf=x&next=%2Fhub%2Fhome&display_name=A", {"profile": "big"}),
        # of options whose own names begin with "opt-"
        ("opt-opt-level=3", {"opt-level": "3"}),
        ("opt-profile=big&opt-memory=8&opt-opt-level=3", {"profile": "big", "memory": "8", "opt-level": "3"}),
        ("opt-opt-level=3&opt-level=2", {"opt-level": "3", "level": "2"}),
        ("opt-profile=big&opt-big:opt-level=3&opt-small:memory=2", {"profile": "big", "opt-level": "3"}),
        # of options that have names of the hub's own fields
        ("opt-display_name=A&opt-next=b&next=%2Fhub%2Fhome", {"display_name": "A", "next": "b"}),
    ],
)
def test_a_link_to_the_spawn_page_means_the_same_with_each_hub(make_spawner, url, options):
    assert make_spawner().options_from_query(as_the_hub_passes(parse_qs(url))) == options


def test_a_link_without_options_leaves_the_last_choice(make_spawner):
    assert make_spawner().options_from_query(as_the_hub_passes({"_xsrf": ["x"]})) is None


async def test_a_select_is_shown_as_one_with_every_version_of_bootstrap(form):
    """Bootstrap 3: form-control; 5: form-select."""
    (select,) = [attributes for tag, attributes in Page(await form([SMALL, BIG])).controls if tag == "select"]
    assert {"form-control", "form-select"} <= set(select["class"].split())
