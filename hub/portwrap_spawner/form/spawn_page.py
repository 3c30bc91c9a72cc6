"""What the spawn page shows for one server: asks the service for it. Not here: the HTML (page.py)."""

from __future__ import annotations

from logging import Logger
from typing import Sequence

from ..outcome.ending import Ending, ending_of
from ..outcome.failure import spawn_failure
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
    log: Logger,
) -> str:
    """The form, also while the service does not respond; empty when there is nothing to choose."""
    try:
        profiles = await client.profiles(user, groups)
    except Exception as error:
        log.warning("Cannot show the profiles to %s: %s", user, error)
        return form_without_profiles(spawn_failure(error).jupyterhub_message)
    if fixed_profile:
        profiles = [profile for profile in profiles if profile["name"] == fixed_profile]
    return profile_form(profiles, last, await _last_ending(client, user, name, log))


async def _last_ending(client: ServiceClient, user: str, name: str, log: Logger) -> Ending | None:
    # The service keeps an ended server until the hub stops it or starts the next one.
    try:
        return ending_of(await client.get(user, name))
    except Exception as error:
        if not (isinstance(error, ServiceError) and error.code == "SERVER_UNKNOWN"):
            log.warning("Cannot get how the last server of %s ended: %s", user, error)
        return None
