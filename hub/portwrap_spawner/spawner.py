"""PortwrapSpawner: JupyterHub's Spawner contract, kept by asking the spawner service.

Owns the traits, the state that the hub saves for us, and the environment. What runs, where and how is
the service's affair. Kept to what JupyterHub 3.0 and Python 3.7 have; differences of later hubs are
absorbed where they show.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any, AsyncIterator, Dict, List, Optional, Tuple

from jupyterhub.spawner import Spawner
from traitlets import Integer, Unicode, default

from .outcome import exit_status
from .service import token
from .start import certificate
from .start.attempt import Attempt
from .form.choices import choice_of, chosen_now, from_form
from .service.client import Json, ServiceClient, ServiceError
from .service.deadline import deadline
from .outcome.ending import Ending, ending_of, ending_unknown
from .start.events import SpawnEvents
from .service.exchange import ServiceMisconfigured, ServiceUnreachable
from .outcome.failure import spawn_failure
from .form.page import form_without_profiles, profile_form
from .start.hub_address import gateway_url
from .service.retry import persist

# The hub's own default; anything else was chosen by an administrator.
HUB_DEFAULT_CMD = ["jupyterhub-singleuser"]


class PortwrapSpawner(Spawner):
    """Starts each user's server in a network namespace of its own, through the portwrap-spawner service."""

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
        help="""A file that holds the token. Read for every request: a new token needs no restart.""",
    )
    profile = Unicode(
        config=True,
        help="""Name of the profile, in the service's configuration, that is started. Empty: the user
        chooses among those that the service offers to them, and the first one is the default.""",
    )
    sandbox_gateway = Unicode(
        "10.0.2.2",
        config=True,
        help="""The address at which a sandbox reaches its host: how a server finds a hub that listens
        on 127.0.0.1 only. To say something else, set `hub_connect_url`.""",
    )
    guest_port = Integer(
        8888,
        config=True,
        help="""The port on which the server listens inside its sandbox, where every port is free.""",
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._events = SpawnEvents()
        # From create_certs to start, and no longer: it holds the server's key.
        self._certificate: Optional[Dict[str, str]] = None
        self._forget()

    @default("service_token")
    def _token_from_environment(self) -> str:
        return os.environ.get("PORTWRAP_SERVICE_TOKEN", "")

    @default("env_keep")
    def _keep_nothing(self) -> list:
        # The hub's PATH means nothing inside; the service supplies the profile's (and hubs >= 5.2 no
        # longer pass theirs).
        return []

    @default("apply_user_options")
    def _leave_options_to_the_service(self) -> Any:
        # JupyterHub >= 5.3 warns at every start with options if this is unset; older ones lack the trait.
        return lambda spawner, options: None

    @default("options_form")
    def _offer_profiles(self) -> Any:
        return lambda spawner: spawner._profile_form()

    @default("options_from_form")
    def _choose_from_form(self) -> Any:
        return self._options_from_fields

    # The contract: https://jupyterhub.readthedocs.io/en/stable/reference/spawners.html

    async def start(self) -> Tuple[str, int]:
        """Asks for the server and returns where it answers, once it does.

        The spawn id exists before anything is asked: whenever the hub gives up on us, stop() can name
        what it means, and the service then refuses the start even if that arrives later.
        """
        self._forget()
        tls, self._certificate = self._certificate, None
        spawn_id = self.spawn_id = uuid.uuid4().hex
        self.started_as = self.name
        if self._events.closed:
            self._events = SpawnEvents()
        events = self._events
        # Where the server binds inside its sandbox, not where anybody connects: get_env tells it so.
        self.ip, self.port = "0.0.0.0", self.guest_port
        try:
            attempt = Attempt(
                self._client(), self.user.name, self.name, events, self._learn, self.log
            )
            request = self._request(spawn_id, tls)
            if tls:
                certificate.check_hub(self.hub, request["env"]["JUPYTERHUB_API_URL"], self.log)
            server = await attempt.run(
                request, self._start_bound(), lambda error: self._without_choice(error, tls)
            )
            return str(server["host"]), int(server["port"])
        except (ServiceError, ServiceUnreachable, ServiceMisconfigured, ValueError) as error:
            raise spawn_failure(error) from None
        finally:
            events.close()

    async def poll(self) -> Optional[int]:
        """None while the server runs or may be running; its exit status only when it is known to be gone."""
        if not self.spawn_id:
            return 0
        try:
            server = await self._client().get(self.user.name, self.started_as, self.spawn_id)
            self._learn(server)
            self._tell_once(ending_of(server))
            return exit_status.of_server(server)
        except ServiceError as error:
            if error.code != "SERVER_UNKNOWN":
                self.log.warning("Cannot tell whether %s runs: %s", self._log_name, error)
            status = exit_status.of_unknown(error, self.state_id, self.boot_id)
            if status is not None:
                self._tell_once(ending_unknown(exit_status.is_after_boot(error, self.boot_id)))
            return status
        except Exception as error:
            self.log.warning("Cannot tell whether %s runs: %s", self._log_name, error)
            return None

    async def stop(self, now: bool = False) -> None:
        """Returns when the server is gone; asks as long as it takes while the service is away."""
        self._certificate = None
        if not self.spawn_id:
            return
        client, user, name, spawn_id = self._client(), self.user.name, self.started_as, self.spawn_id
        await persist(
            lambda: client.stop(user, name, spawn_id, now),
            lambda error: self.log.warning(
                "Cannot stop %s yet: %s; asking again", self._log_name, error
            ),
        )

    async def progress(self) -> AsyncIterator[Dict[str, Any]]:
        """The events of the current start, from its first one on, for any number of readers."""
        async for event in self._events.replay():
            yield event

    async def get_url(self) -> str:
        """Where the server is reachable now; what the hub has in its database if nobody can tell."""
        try:
            server = await self._client().get(self.user.name, self.started_as, self.spawn_id)
            self._learn(server)
        except Exception as error:
            self.log.warning("Cannot ask where %s is: %s", self._log_name, error)
            server = {}
        if not server.get("url"):
            return await super().get_url()
        return server["url"].rstrip("/") + self.server.base_url

    def get_state(self) -> Dict[str, Any]:
        """What finds the server again after a restart of the hub."""
        state = super().get_state()
        if self.spawn_id:
            state.update(
                spawn_id=self.spawn_id,
                started_as=self.started_as,
                pid=self.pid,
                port=self.host_port,
                state_id=self.state_id,
                boot_id=self.boot_id,
            )
        return state

    def load_state(self, state: Dict[str, Any]) -> None:
        super().load_state(state)
        self.spawn_id = state.get("spawn_id") or ""
        self.started_as = state.get("started_as", self.name)
        self.pid = state.get("pid")
        self.host_port = state.get("port")
        self.state_id = state.get("state_id") or ""
        self.boot_id = state.get("boot_id") or ""

    def clear_state(self) -> None:
        super().clear_state()
        self._certificate = None
        self._forget()
        # A browser may ask for the progress of the next start before that has begun (hooks run first).
        self._events.close()
        self._events = SpawnEvents()

    def get_env(self) -> Dict[str, str]:
        """The hub's environment for the server, with the hub at an address that is right inside."""
        chosen = self.hub_connect_url
        if chosen is None:
            self.hub_connect_url = gateway_url(self.hub, self.sandbox_gateway)
        try:
            return super().get_env()
        finally:
            self.hub_connect_url = chosen

    # Where JupyterHub.internal_ssl is on, before start().

    async def create_certs(self) -> Dict[str, str]:
        """JupyterHub's own, for the address at which the service will make the server reachable."""
        self._certificate = None
        bound = self._start_bound()
        try:
            async with deadline(bound if bound > 0 else None):
                profiles = await persist(self._offered, lambda error: self.log.warning(
                    "Cannot ask where the server of %s will be yet: %s", self._log_name, error
                ))
        except asyncio.TimeoutError:
            raise spawn_failure(ServiceUnreachable("no answer within {:g} s".format(bound))) from None
        except (ServiceError, ServiceMisconfigured) as error:
            raise spawn_failure(error) from None
        self.ssl_alt_names = certificate.with_hosts(self.ssl_alt_names, profiles)
        try:
            paths = await super().create_certs()
            # At once: another server of this user is given the same files.
            self._certificate = certificate.take(paths)
        except (OSError, ValueError) as error:
            raise spawn_failure(certificate.CertificateUnusable(str(error))) from None
        return paths

    async def move_certs(self, paths: Dict[str, str]) -> Dict[str, str]:
        """They go with the request; the service tells the server where it finds them."""
        return {}

    # What the user may choose.

    async def _profile_form(self) -> str:
        try:
            profiles = await self._offered()
        except Exception as error:
            self.log.warning("Cannot show the profiles to %s: %s", self._log_name, error)
            return form_without_profiles(spawn_failure(error).jupyterhub_message)
        if self.profile:
            profiles = [profile for profile in profiles if profile["name"] == self.profile]
        return profile_form(profiles, choice_of(self.user_options), await self._last_ending())

    async def _last_ending(self) -> Optional[Ending]:
        # The service keeps a server that has ended until the hub stops it or starts the next one.
        try:
            return ending_of(await self._client().get(self.user.name, self.name))
        except Exception as error:
            if getattr(error, "code", "") != "SERVER_UNKNOWN":
                self.log.warning("Cannot ask how %s has ended: %s", self._log_name, error)
            return None

    def _options_from_fields(self, fields: Dict[str, Any]) -> Dict[str, Any]:
        options = from_form(fields)
        choice_of(options, self.profile)
        return options

    def _without_choice(self, error: ServiceError, tls: Optional[Json]) -> Optional[Json]:
        """The start to ask for instead of one that was refused for its options, or None.

        The hub uses the options of the last start again when somebody starts a server without saying
        how. Those may name what is not offered any more, and must not lock the user out.
        """
        if error.code not in ("PROFILE_UNKNOWN", "OPTION_INVALID") or not self.user_options:
            return None
        if chosen_now(self.handler):
            return None
        self.log.warning("The last choice of %s is refused (%s)", self._log_name, error)
        self.user_options = {}
        return self._request(self.spawn_id, tls)

    async def _offered(self) -> List[Json]:
        return await self._client().profiles(self.user.name, self._groups())

    def _groups(self) -> List[str]:
        return [group.name for group in getattr(self.user, "groups", None) or []]

    # What the methods above share.

    def _request(self, spawn_id: str, tls: Optional[Json]) -> Json:
        choice = choice_of(self.user_options, self.profile)
        request: Json = {
            "spawn_id": spawn_id,
            "groups": self._groups(),
            "user_options": choice.options,
            "env": {key: str(value) for key, value in self.get_env().items()},
        }
        if self.server:
            request["route_prefix"] = self.server.base_url
            # With JupyterHub.subdomain_host: "alice.hub.example.org/user/alice/"
            host = self.proxy_spec.partition("/")[0]
            if host:
                request["route_host"] = host
        if choice.profile:
            request["profile"] = choice.profile
        if list(self.cmd) != HUB_DEFAULT_CMD:
            request["command"] = list(self.cmd)
        args = self.get_args()
        if args:
            request["args"] = list(args)
        if tls:
            request["tls"] = tls
        return request

    def _start_bound(self) -> float:
        # A little before the hub's own, which would hide the reason behind "timeout".
        return self.start_timeout - min(2.0, self.start_timeout * 0.1)

    def _client(self) -> ServiceClient:
        return ServiceClient(self.service_url, self._token)

    def _token(self) -> str:
        return token.read(self.service_token, self.service_token_file)

    def _tell_once(self, ending: Optional[Ending]) -> None:
        # The hub polls several times until it has taken note.
        if ending is None or self._told == self.spawn_id:
            return
        self._told = self.spawn_id
        self.log.warning("The server %s has ended: %s", self._log_name, ending)

    def _learn(self, server: Json) -> None:
        # Hubs up to 5.0 let a start run on after its time; by then another one may be ours.
        if server.get("spawn_id") != self.spawn_id:
            return
        self.pid = server.get("pid")
        self.host_port = server.get("port")
        self.state_id = server.get("state_id") or self.state_id
        self.boot_id = server.get("boot_id") or self.boot_id

    def _forget(self) -> None:
        self.spawn_id = ""
        self._told = ""
        # JupyterHub >= 6.0 can rename a server; the service knows it by the name with which it was started.
        self.started_as = self.name
        self.pid: Optional[int] = None
        self.host_port: Optional[int] = None
        self.state_id = ""
        self.boot_id = ""
