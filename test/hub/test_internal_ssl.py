"""What the plugin does where the hub has internal_ssl. The certificates are JupyterHub's own, made by certipy."""

import logging
import os
import ssl
from types import SimpleNamespace

import pytest
from certipy import Certipy
from jupyterhub.objects import Hub

HOSTS = [
    {"name": "default", "host": "127.0.0.9"},
    {"name": "other", "host": "127.0.0.9"},
    {"name": "job", "host": None},
]


@pytest.fixture(scope="module")
def internal(tmp_path_factory):
    """The files of a hub, as JupyterHub.init_internal_ssl makes them."""
    directory = str(tmp_path_factory.mktemp("internal-ssl"))
    certipy = Certipy(store_dir=directory)
    bundles = certipy.trust_from_graph({"notebooks-ca": ["hub-ca"], "hub-ca": ["hub-ca", "notebooks-ca"]})
    names = ["IP:127.0.0.1", "DNS:localhost", "IP:10.0.2.2"]
    pair = certipy.create_signed_pair("hub-internal", "hub-ca", alt_names=names)["files"]
    return SimpleNamespace(directory=directory, bundles=bundles, certfile=pair["cert"], keyfile=pair["key"])


@pytest.fixture
def make_secured(make_spawner, internal):
    def make(hub_ip="127.0.0.1", **traits):
        files = {
            "certfile": internal.certfile,
            "keyfile": internal.keyfile,
            "cafile": internal.bundles["hub-ca"],
        }
        hub = Hub(ip=hub_ip, port=8081, base_url="/hub/", proto="https", **files)
        spawner = make_spawner(hub=hub, **traits)
        spawner.internal_ssl = True
        spawner.internal_certs_location = internal.directory
        spawner.internal_trust_bundles = internal.bundles
        return spawner

    return make


def kept_files(internal):
    return [os.path.join(path, name) for path, _, names in os.walk(internal.directory) for name in names]


def content(path):
    with open(path) as file:
        return file.read()


async def start(spawner):
    """As jupyterhub.user.User.spawn does it."""
    paths = await spawner.create_certs()
    spawner.cert_paths = await spawner.move_certs(paths)
    return await spawner.start()


async def test_the_start_carries_key_certificate_and_authorities_and_the_hub_keeps_no_key(
    service, make_secured, internal
):
    service.profiles = HOSTS
    assert await start(make_secured()) == ("127.0.0.1", 20017)
    tls = service.bodies[0]["tls"]
    assert sorted(tls) == ["ca", "cert", "key"]
    assert "PRIVATE KEY" in tls["key"]
    assert tls["ca"] == content(internal.bundles["notebooks-ca"])
    assert not [path for path in kept_files(internal) if tls["key"] in content(path)]
    assert service.bodies[0]["env"]["JUPYTERHUB_SERVICE_URL"].startswith("https://0.0.0.0:8888/")
    assert service.bodies[0]["env"]["JUPYTERHUB_API_URL"] == "https://10.0.2.2:8081/hub/api"


async def test_the_certificate_is_for_the_address_of_the_forward_and_what_an_administrator_adds(
    service, make_secured
):
    service.profiles = HOSTS
    spawner = make_secured(ssl_alt_names=["DNS:node.example"])
    await start(spawner)
    assert spawner.ssl_alt_names == ["DNS:node.example", "IP:127.0.0.9"]
    await start(spawner)
    assert spawner.ssl_alt_names == ["DNS:node.example", "IP:127.0.0.9"]


async def test_two_servers_of_one_user_at_once_have_a_pair_each(service, make_secured, tmp_path):
    one, two = make_secured(), make_secured()
    paths = [await one.create_certs(), await two.create_certs()]  # the same files
    for spawner, files in zip((one, two), paths):
        spawner.cert_paths = await spawner.move_certs(files)
    await one.start()
    service.forget()
    await two.start()
    first, second = (body["tls"] for body in service.bodies)
    assert first["key"] != second["key"]
    for number, pair in enumerate((first, second)):
        chain = tmp_path / str(number)
        chain.write_text(pair["cert"] + pair["key"])
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
            str(chain)
        )  # raises for a wrong key


async def test_a_start_without_internal_ssl_carries_none_also_after_one_that_had(service, make_secured):
    spawner = make_secured()
    await start(spawner)
    service.forget()
    await spawner.start()
    assert "tls" not in service.bodies[1]


async def test_a_service_that_is_away_is_waited_for_no_longer_than_a_start(service, make_secured):
    await service.kill()
    with pytest.raises(Exception, match="cannot be reached: no response within") as caught:
        await make_secured(start_timeout=1).create_certs()
    assert caught.value.status_code == 503


@pytest.mark.parametrize("traits", [{"service_url": "nonsense"}, {"service_token": ""}])
async def test_a_hub_that_is_set_up_wrongly_is_told_what_to_set_before_it_makes_a_key(
    make_secured, internal, traits
):
    with pytest.raises(Exception, match="is not set up") as caught:
        await make_secured(**traits).create_certs()
    assert caught.value.status_code == 500
    assert not [path for path in kept_files(internal) if path.endswith("user-alice.key")]


async def test_a_hub_whose_certificate_is_for_another_name_is_told_the_line_that_is_missing(
    service, make_secured, caplog
):
    for gateway, told in (("10.0.2.2", False), ("10.9.9.9", True)):
        spawner = make_secured(sandbox_gateway=gateway)
        spawner.log.propagate = True
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            await start(spawner)
        assert ('Add "IP:10.9.9.9" to c.JupyterHub.trusted_alt_names' in caplog.text) is told
        service.forget()


@pytest.fixture
def noted(internal, tmp_path):
    """Writes bytes before the authorities that servers trust, where administrators make notes."""
    plain = internal.bundles["notebooks-ca"]
    path = tmp_path / "trust.pem"
    with open(plain, "rb") as file:
        blocks = file.read()
    internal.bundles["notebooks-ca"] = str(path)
    yield lambda note: path.write_bytes(note + b"\n" + blocks)
    internal.bundles["notebooks-ca"] = plain


@pytest.mark.parametrize("note", ["# Prüfstelle".encode(), "# Prüfstelle".encode("latin-1")])
async def test_a_note_in_the_authorities_may_be_in_any_language(service, make_secured, noted, note):
    noted(note)
    await start(make_secured())
    assert "BEGIN CERTIFICATE" in service.bodies[0]["tls"]["ca"]


async def test_authorities_that_cannot_be_read_are_called_so_and_leave_no_key(make_secured, internal, noted):
    spawner = make_secured()
    internal.bundles["notebooks-ca"] = internal.directory
    with pytest.raises(Exception, match=r"cannot be given a certificate: .*Is a directory") as caught:
        await spawner.create_certs()
    assert caught.value.status_code == 500
    assert "administrator" in caught.value.jupyterhub_message
    files = os.listdir(os.path.join(internal.directory, "user-alice"))
    assert [name.rpartition(".")[2] for name in files] == ["crt"]
    assert spawner._certificate is None


@pytest.mark.parametrize("nothing", ["missing", "empty", "of another authority"])
async def test_a_hub_whose_own_certificate_cannot_be_looked_at_starts_servers(
    service, make_secured, tmp_path, caplog, nothing
):
    spawner = make_secured()
    spawner.hub.certfile = str(tmp_path / "hub.pem")
    if nothing == "empty":
        (tmp_path / "hub.pem").write_text("")
    if nothing == "of another authority":
        certipy = Certipy(store_dir=str(tmp_path))
        certipy.create_ca("other-ca")
        pair = certipy.create_signed_pair("hub", "other-ca", alt_names=["IP:10.0.2.2"])["files"]
        spawner.hub.certfile, spawner.hub.keyfile = pair["cert"], pair["key"]
    spawner.log.propagate = True
    with caplog.at_level(logging.WARNING):
        assert await start(spawner) == ("127.0.0.1", 20017)
    assert "Cannot check the hub's certificate" in caplog.text


async def test_the_hubs_own_certificate_is_looked_at_once(service, make_secured, caplog):
    spawner = make_secured(sandbox_gateway="10.9.9.9")
    spawner.log.propagate = True
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            await start(spawner)
            await spawner.stop()
    assert caplog.text.count("c.JupyterHub.trusted_alt_names") == 1


@pytest.mark.parametrize("end", ["stop", "clear_state", "start", "create_certs"])
async def test_a_certificate_is_kept_no_longer_than_until_its_start(service, make_secured, end):
    spawner = make_secured()
    await spawner.create_certs()
    assert spawner._certificate
    if end == "stop":
        await spawner.stop()
    elif end == "clear_state":
        spawner.clear_state()
    elif end == "start":
        service.refuse_start = (403, {"code": "USER_REFUSED", "message": "no"})
        with pytest.raises(Exception, match="No"):
            await spawner.start()
    else:
        spawner.service_token = "wrong"
        with pytest.raises(Exception, match="token"):
            await spawner.create_certs()
    assert spawner._certificate is None
