"""PortwrapSpawner: implements JupyterHub's Spawner by requests to the spawner service.

https://jupyterhub.readthedocs.io/en/stable/reference/spawners.html, for every JupyterHub from 3.0 on.
Not here: settings (settings.py); what runs, where and how (the service).
"""

from __future__ import annotations

import asyncio
import uuid
import weakref
from typing import Any, AsyncIterator, Callable

from jupyterhub.spawner import Spawner
from traitlets import default

from .form.choices import choice_of, chosen_now, from_form, query_fields, with_defaults
from .form.spawn_page import spawn_page
from .outcome import exit_status
from .outcome.ending import Ending, ending_of, ending_unknown
from .outcome.failure import spawn_failure
from .outcome.failure_count import uncount_failure
from .service import token
from .service.client import ServiceClient
from .service.deadline import deadline
from .service.endpoint import ServiceMisconfigured
from .service.errors import ServiceError
from .service.exchange import ServiceUnreachable
from .service.json_values import Json
from .service.retry import persist
from .settings import ServiceSettings
from .start import certificate
from .start.attempt import Attempt
from .start.events import SpawnEvents
from .start.hub_address import HubNotReachable, gateway_url
from .start.hub_settings import SettingRefused, refuse_settings
from .start.request import start_request
from .started_server import StartedServer


class PortwrapSpawner(ServiceSettings, Spawner):
    """Starts each user's server in a network namespace of its own, through the portwrap-spawner service."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._events = SpawnEvents()
        # Only from create_certs to start: it contains the server's private key.
        self._certificate: dict[str, str] | None = None
        self._logged_ending_of = ""
        # The request whose start has failed: its page shows the reason.
        self._failed_request: Callable[[], Any] = lambda: None
        self._forget()

    @property
    def spawn_id(self) -> str:
        """Of the current start or server; empty when there is none."""
        return self._started.spawn_id

    async def start(self) -> tuple[str, int]:
        """Requests the server and returns its host and port once it is ready.

        The spawn id is made before the first request: whenever the hub cancels this start, stop() names it,
        and the service then refuses the start even if that request arrives later.
        """
        tls, self._certificate = self._certificate, None
        self._forget()
        self._started.spawn_id = uuid.uuid4().hex
        if self._events.closed:
            self._events = SpawnEvents()
        events = self._events
        try:
            refuse_settings(self)
            # Where the server binds inside its sandbox, not where anybody connects: get_env passes it on.
            self.ip, self.port = "0.0.0.0", self.guest_port
            attempt = Attempt(
                self._client(),
                self.user.name,
                self.name,
                events,
                self._started.learn,
                self.log,
                self.user.settings,
            )
            request = self._request(self.spawn_id, tls)
            if tls:
                certificate.check_hub(self.hub, request["env"]["JUPYTERHUB_API_URL"], self.log)
            server = await attempt.run(
                request, self._start_bound(), lambda error: self._without_choice(error, tls)
            )
            return str(server["host"]), int(server["port"])
        except (
            ServiceError,
            ServiceUnreachable,
            ServiceMisconfigured,
            HubNotReachable,
            SettingRefused,
            ValueError,
        ) as error:
            failure = spawn_failure(error, self.user.name)
            if self.handler is not None:
                self._failed_request = weakref.ref(self.handler)
            uncount_failure(self.handler, failure.status_code, failure.code)
            raise failure from None
        finally:
            events.close()

    async def poll(self) -> int | None:
        """None while the server runs or may run; its exit status only when it is known to be gone."""
        started = self._started
        if not started.spawn_id:
            return 0
        try:
            server = await self._server_status()
            self._log_ending(ending_of(server))
            return exit_status.of_server(server)
        except ServiceError as error:
            if error.code != "SERVER_UNKNOWN":
                self.log.warning("Cannot check whether %s is running: %s", self._log_name, error)
            status = exit_status.of_unknown(error, started.state_id, started.boot_id)
            if status is not None:
                self._log_ending(ending_unknown(exit_status.is_after_boot(error, started.boot_id)))
            return status
        except Exception as error:
            self.log.warning("Cannot check whether %s is running: %s", self._log_name, error)
            return None

    async def stop(self, now: bool = False) -> None:
        """Returns when the server is gone; repeats the request for as long as the service is down."""
        self._certificate = None
        if not self.spawn_id:
            return
        client, user, started = self._client(), self.user.name, self._started
        await persist(
            lambda: client.stop(user, started.started_as, started.spawn_id, now),
            self._report("Cannot stop"),
        )

    async def progress(self) -> AsyncIterator[Json]:
        """The events of the current start, from its first one on, for any number of readers."""
        async for event in self._events.replay():
            yield event

    async def get_url(self) -> str:
        """The server's current URL; the one in the hub's database when the service does not respond."""
        try:
            url = str((await self._server_status()).get("url") or "")
        except Exception as error:
            self.log.warning("Cannot ask for the URL of %s: %s", self._log_name, error)
            url = ""
        return url.rstrip("/") + str(self.server.base_url) if url else await super().get_url()

    def get_state(self) -> Json:
        """What finds the server again after a restart of the hub."""
        return {**super().get_state(), **self._started.to_state()}

    def load_state(self, state: Json) -> None:
        super().load_state(state)
        self._started = StartedServer.from_state(state, self.name)

    def clear_state(self) -> None:
        super().clear_state()
        self._certificate = None
        self._forget()
        # A browser may ask for the progress of the next start before that has begun (hooks run first).
        self._events.close()
        self._events = SpawnEvents()

    def get_env(self) -> dict[str, str]:
        """The hub's environment for the server, with an address of the hub that is right in a sandbox."""
        configured = self.hub_connect_url
        if configured is None:
            self.hub_connect_url = gateway_url(self.hub, self.sandbox_gateway)
        try:
            return super().get_env()
        finally:
            self.hub_connect_url = configured

    # With JupyterHub.internal_ssl, before start().

    async def create_certs(self) -> dict[str, str]:
        """As JupyterHub makes them, valid for the address at which the server will be reachable."""
        self._certificate = None
        client, user, groups = self._client(), self.user.name, self._groups()
        bound = self._start_bound()
        try:
            async with deadline(bound if bound > 0 else None):
                profiles = await persist(
                    lambda: client.profiles(user, groups), self._report("Cannot ask for the address of")
                )
        except asyncio.TimeoutError:
            raise spawn_failure(ServiceUnreachable(f"no response within {bound:g} s")) from None
        except (ServiceError, ServiceMisconfigured) as error:
            raise spawn_failure(error, self.user.name) from None
        self.ssl_alt_names = certificate.with_hosts(self.ssl_alt_names, profiles)
        try:
            paths = await super().create_certs()
            # At once: the next server of this user gets the same paths.
            self._certificate = certificate.take(paths)
        except (OSError, ValueError) as error:
            raise spawn_failure(certificate.CertificateUnusable(str(error))) from None
        return paths

    async def move_certs(self, paths: dict[str, str]) -> dict[str, str]:
        """They are part of the start request; the service tells the server their paths."""
        return {}

    # The spawn page.

    @default("options_form")
    def _offer_profiles(self) -> Any:
        return lambda spawner: spawner._profile_form()

    @default("options_from_form")
    def _choose_from_form(self) -> Any:
        return self._options_from_fields

    def options_from_query(self, query_data: dict[str, list[Any]]) -> Json | None:
        """None for a query without options: the hub then repeats the last ones, as without a query."""
        fields = query_fields(query_data)
        return super().options_from_query(fields) if fields else None

    async def _profile_form(self) -> str:
        last = choice_of(self.user_options)
        return await spawn_page(
            self._client(),
            self.user.name,
            self.name,
            self._groups(),
            self.profile,
            last,
            self._is_failure_shown(),
            self.log,
        )

    def _is_failure_shown(self) -> bool:
        """Whether the page that is made now is the response to the start that has failed: the hub says why on it."""
        request = self._failed_request()
        return request is not None and not getattr(request, "_finished", True)

    def _options_from_fields(self, fields: dict[str, list[Any]]) -> Json:
        options = from_form(fields)
        choice_of(options, self.profile)
        return options

    # Shared by the methods above.

    def _request(self, spawn_id: str, tls: dict[str, str] | None) -> Json:
        choice = choice_of(self.user_options, self.profile, self._is_wrapped())
        return start_request(
            spawn_id=spawn_id,
            groups=self._groups(),
            profile=choice.profile,
            user_options=choice.options,
            env=self.get_env(),
            cmd=self.cmd,
            args=self.get_args(),
            base_url=self.server.base_url if self.server else None,
            proxy_spec=self.proxy_spec,
            mem_limit=self.mem_limit,
            cpu_limit=self.cpu_limit,
            tls=tls,
        )

    def _is_wrapped(self) -> bool:
        """Whether a wrapspawner.WrapSpawner has made this one, for a profile of its own that the user chose."""
        outer = getattr(self.user, "spawners", {}).get(self.name)
        return getattr(outer, "child_spawner", None) is self

    def _without_choice(self, error: ServiceError, tls: dict[str, str] | None) -> Json | None:
        """The start with the defaults after one that was refused for its options; None: there is no other.

        The hub repeats the options of the last start when somebody starts a server without any. They may
        name what is not offered any more, or not free now, and must not lock the user out. A profile whose
        options are refused is kept, with the defaults of its options.
        """
        if error.code not in ("PROFILE_UNKNOWN", "OPTION_INVALID", "LIMIT_REACHED"):
            return None
        fewer = with_defaults(self.user_options, error.code == "OPTION_INVALID")
        if fewer is None or chosen_now(self.handler):
            return None
        self.log.warning("The last choice of %s is refused (%s)", self._log_name, error)
        self.user_options = fewer
        return self._request(self.spawn_id, tls)

    def _groups(self) -> list[str]:
        return [group.name for group in getattr(self.user, "groups", None) or []]

    def _start_bound(self) -> float:
        # A little less than the hub's own timeout, which would hide the reason.
        return self.start_timeout - min(2.0, self.start_timeout * 0.1)

    async def _server_status(self) -> Json:
        started = self._started
        server = await self._client().get(self.user.name, started.started_as, started.spawn_id)
        started.learn(server)
        return server

    def _client(self) -> ServiceClient:
        return ServiceClient(
            self.service_url, lambda: token.read(self.service_token, self.service_token_file)
        )

    def _report(self, problem: str) -> Callable[[Exception], None]:
        """For the first failure of a request that is repeated."""
        return lambda error: self.log.warning("%s %s yet: %s; trying again", problem, self._log_name, error)

    def _log_ending(self, ending: Ending | None) -> None:
        # Once: the hub polls several times before it takes note.
        if ending is None or self._logged_ending_of == self.spawn_id:
            return
        self._logged_ending_of = self.spawn_id
        self.log.warning("The server %s has ended: %s", self._log_name, ending)

    def _forget(self) -> None:
        self._started = StartedServer(started_as=self.name)
        self._logged_ending_of = ""
