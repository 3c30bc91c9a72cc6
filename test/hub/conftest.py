"""Fixtures of the plugin's tests: a fake of the service, and a spawner as a hub would make it."""

import asyncio
from types import SimpleNamespace

import pytest
from jupyterhub.objects import Hub, Server
from traitlets.config import Config

from fake_service import TOKEN, FakeService
from portwrap_spawner import PortwrapSpawner


def pytest_configure(config):
    # Later versions of pytest fail such tests by themselves and have no such warning.
    if hasattr(pytest, "PytestUnhandledCoroutineWarning"):
        config.addinivalue_line("filterwarnings", "error::pytest.PytestUnhandledCoroutineWarning")


@pytest.fixture
async def service():
    fake = FakeService()
    await fake.listen()
    yield fake
    await fake.kill()


@pytest.fixture
async def stranger():
    """The address of something that is not the service: it answers everything with 404."""

    async def speak_nonsense(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    server = await asyncio.start_server(speak_nonsense, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


@pytest.fixture
def make_spawner(service):
    """make_spawner(trait=value, ...): a PortwrapSpawner of alice, with a hub on 127.0.0.1:8081; `web`: its settings."""

    def make(cls=PortwrapSpawner, hub=None, web=None, **traits):
        settings = {"service_url": service.url, "service_token": TOKEN, "start_timeout": 20}
        settings.update(traits)
        spawner = cls(
            config=Config({"PortwrapSpawner": settings}),
            hub=hub or Hub(ip="127.0.0.1", port=8081, base_url="/hub/"),
            user=SimpleNamespace(name="alice", escaped_name="alice", url="/user/alice/", settings=web or {}),
        )
        spawner._server = Server(ip="127.0.0.1", port=20000, base_url="/user/alice/")
        return spawner

    return make
