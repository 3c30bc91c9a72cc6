"""The settings of PortwrapSpawner, and JupyterHub's own settings whose defaults differ."""

from __future__ import annotations

import os
from typing import Any

from traitlets import HasTraits, Integer, Unicode, default


class ServiceSettings(HasTraits):
    """An administrator sets these traits as `c.PortwrapSpawner.NAME`."""

    service_url = Unicode(
        "http://127.0.0.1:8095",
        config=True,
        help="""Where the spawner service listens: `http://HOST:PORT`, `https://HOST:PORT`
        or `unix:///run/portwrap/api.sock`.""",
    )
    service_token = Unicode(
        config=True,
        help="""The token that the service's configuration has for this hub. Better kept in
        `service_token_file`, or in the hub's environment as PORTWRAP_SERVICE_TOKEN.""",
    )
    service_token_file = Unicode(
        config=True,
        help="""A file that holds the token. It is read for every request: a new token needs no restart.""",
    )
    profile = Unicode(
        config=True,
        help="""The profile of the service's configuration that is started. Empty: users choose among those
        that the service offers to them; the first one is the default.""",
    )
    sandbox_gateway = Unicode(
        "10.0.2.2",
        config=True,
        help="""The address at which a sandbox reaches its host, and so a hub that listens on 127.0.0.1
        only. `hub_connect_url` takes precedence.""",
    )
    guest_port = Integer(
        8888,
        config=True,
        help="""The port on which the server listens inside its sandbox, where every port is free.""",
    )

    @default("service_token")
    def _token_from_environment(self) -> str:
        return os.environ.get("PORTWRAP_SERVICE_TOKEN", "")

    @default("env_keep")
    def _keep_nothing(self) -> list[str]:
        # The hub's PATH is meaningless in a sandbox; the service sets the profile's (and hubs >= 5.2 do not
        # pass theirs any more).
        return []

    @default("apply_user_options")
    def _leave_options_to_the_service(self) -> Any:
        # JupyterHub >= 5.3 warns at every start with options if this is unset; older ones lack the trait.
        return lambda spawner, options: None
