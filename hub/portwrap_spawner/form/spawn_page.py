"""What the spawn page shows for one server: asks the service for it. Not here: the HTML (page.py)."""

from __future__ import annotations

from logging import Logger
from typing import Sequence

from ..outcome.ending import Ending, ending_of
from ..outcome.failure import spawn_failure
from ..outcome.maintenance import Maintenance, maintenance_of
from ..service.client import ServiceClient
from ..service.errors import ServiceError
from .choices import Choice
from .page import form_without_profiles, profile_form


async def spawn_page(
    client: ServiceClient,
    user: str,
    name: str,
    groups: Sequence[str],
    fixed_profile: str,
    last: Choice,
    is_ending_shown: bool,
    log: Logger,
) -> str:
    """The form, also while the service does not respond; empty when there is nothing to choose.

    `is_ending_shown`: the page says elsewhere why the last start has failed, and keeps what was chosen for it.
    """
    try:
        profiles = await client.profiles(user, groups)
    except Exception as error:
        log.warning("Cannot show the profiles to %s: %s", user, error)
        return form_without_profiles(spawn_failure(error).jupyterhub_message)
    if fixed_profile:
        profiles = [profile for profile in profiles if profile["name"] == fixed_profile]
    ending = None if is_ending_shown else await _last_ending(client, user, name, log)
    return profile_form(profiles, last, ending, await _maintenance(client, log), is_ending_shown)


async def _maintenance(client: ServiceClient, log: Logger) -> Maintenance | None:
    try:
        return maintenance_of(await client.maintenance())
    except Exception as error:
        # Services of before it have none.
        if not (isinstance(error, ServiceError) and error.code == "NOT_FOUND"):
            log.warning("Cannot get whether maintenance is planned: %s", error)
        return None


async def _last_ending(client: ServiceClient, user: str, name: str, log: Logger) -> Ending | None:
    # The service keeps an ended server until the hub stops it or starts the next one.
    try:
        return ending_of(await client.get(user, name))
    except Exception as error:
        if not (isinstance(error, ServiceError) and error.code == "SERVER_UNKNOWN"):
            log.warning("Cannot get how the last server of %s ended: %s", user, error)
        return None
