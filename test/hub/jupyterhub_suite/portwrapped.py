"""A pytest plugin: JupyterHub's installed tests, unchanged, with PortwrapSpawner as their spawner.

Owns the swap and what a run needs beside the hub: a spawner service, with our proxy as the hub's. The
tests' mock spawners derive from SimpleLocalProcessSpawner; that name is ours before they are imported.
"""

import os
import time

# Whoever takes the name LocalProcessSpawner for another purpose has taken it by then.
import jupyterhub.app
import jupyterhub.services.service
import jupyterhub.spawner
import pytest
from traitlets import Unicode, default

import mock_hub
from internal_ssl import refusal
from not_ours import not_ours_of
from portwrap_spawner import PortwrapProxy
from service import Service
from stand_ins import ANSWERING, Portwrapped, only_the_pid

# Seconds for all tests: then no further one begins, and what there is is reported.
ENOUGH = 1500
BEGAN = time.monotonic()

service = Service()


class Configured(Portwrapped):
    service_url = Unicode(service.url)

    @default("service_token")
    def _token_of_this_run(self):
        return service.token


jupyterhub.app.JupyterHub.class_traits()["proxy_class"].default_value = PortwrapProxy
jupyterhub.spawner.LocalProcessSpawner = Configured
jupyterhub.spawner.SimpleLocalProcessSpawner = Configured

# Only now: its spawners derive from that name.
from jupyterhub.tests.mocking import MockHub  # noqa: E402

mock_hub.adapt(MockHub)


def pytest_sessionstart():
    service.start()
    os.chdir(service.directory)  # the hub leaves files where it runs


def pytest_sessionfinish():
    service.end()


def pytest_runtest_teardown(item):
    if time.monotonic() > BEGAN + ENOUGH:
        item.session.shouldfail = f"not all tests have run in {ENOUGH} s: the last one was {_name(item)}"


def pytest_collection_modifyitems(config, items):
    not_ours = not_ours_of(jupyterhub.version_info[:2])
    names = {_name(item) for item in items}
    files = {name.split("::")[0] for name in names}
    stale = [name for name in not_ours if name.split("::")[0] in files and name not in names]
    if stale and not any("::" in word for word in config.args):
        raise pytest.UsageError(f"not_ours.py names tests that do not exist: {stale}")
    refused = refusal()
    for item in items:
        if refused and _name(item).startswith("test_internal_ssl_connections.py::"):
            item.add_marker(
                pytest.mark.skip(reason="no internal_ssl with this certipy and Python: " + refused)
            )
        if _name(item) in not_ours:
            item.add_marker(pytest.mark.xfail(reason=not_ours[_name(item)], strict=True))


def pytest_collection_finish(session):
    for module in {item.module for item in session.items}:
        if hasattr(module, "_echo_sleep"):
            module._echo_sleep = module._uninterruptible = ANSWERING
        if hasattr(module, "normalize_user"):
            module.normalize_user = only_the_pid(module.normalize_user)


def _name(item):
    return item.nodeid.split("/")[-1]
