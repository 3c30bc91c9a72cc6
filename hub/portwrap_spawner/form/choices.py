"""From what a user chose, on the form or over JupyterHub's REST API, to user_options and a profile.

Not here: whether the choice is allowed (the service).
"""

from __future__ import annotations

import json
from typing import Any, Mapping, NamedTuple

import jupyterhub

from ..service.json_values import Json
from .words import plain

# The key of the profile in user_options; the others are the profile's options.
PROFILE = "profile"
# The hub's own fields: of the form, and of requests.
XSRF = "_xsrf"
NOT_OPTIONS = (XSRF, "next", "display_name")
# The value of a radio button beside a field for a text, and the end of the name of that field. No choice begins
# with ":".
OTHER = ":other"
# Marks an option in the query of a spawn page's URL.
PREFIX = "opt-"
HUB_READS_PREFIX = jupyterhub.version_info >= (6,)


class Choice(NamedTuple):
    """`profile` is empty if none was chosen."""

    profile: str
    options: Json


def choice_of(user_options: Any, fixed_profile: str = "", is_wrapped: bool = False) -> Choice:
    """`fixed_profile`: set by the administrator; ValueError for the user if they chose another.

    `is_wrapped`: "profile" names one of wrapspawner's, which has a fixed profile of ours or is called as ours.
    """
    options = {name: value for name, value in (user_options or {}).items() if name != XSRF}
    profile = _text(options.pop(PROFILE, None))
    if fixed_profile and not is_wrapped and profile not in ("", fixed_profile):
        raise ValueError(
            f'The profile "{profile}" cannot be chosen on this hub, which starts "{fixed_profile}".'
        )
    return Choice(fixed_profile or profile, options)


def with_defaults(user_options: Any, is_profile_kept: bool) -> Json | None:
    """The same without options, and without the profile unless it is kept; None if nothing is left out."""
    options: Json = {name: value for name, value in (user_options or {}).items() if name != XSRF}
    kept = {PROFILE: options[PROFILE]} if is_profile_kept and PROFILE in options else {}
    return None if kept == options else kept


def field_name(profile: str, option: str) -> str:
    """Each profile has fields of its own: without scripts, browsers send those of all profiles."""
    return f"{profile}:{option}"


def from_form(data: dict[str, list[Any]]) -> Json:
    """user_options from the fields of the form, or from a query such as ?profile=big&size=large.

    Leaves out empty fields, and the fields of other profiles. ValueError for the user if a text is missing.
    """
    options: Json = {}
    profile = _text(data.get(PROFILE))
    if profile:
        options[PROFILE] = profile
    for field, values in data.items():
        owner, colon, name = field.partition(":")
        if field in (PROFILE, XSRF) or (colon and owner != profile) or name.endswith(OTHER):
            continue
        chosen = [value for value in values if value != ""]
        if not chosen:
            continue
        # A checked box comes after the hidden field with the value "off".
        value = plain(chosen[-1] if colon else chosen)
        options[name if colon else field] = _written(data, field) if value == OTHER else value
    return options


def url_fields(query: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the form in the query of a spawn page's URL, such as ?opt-profile=big&opt-size=large.

    As JupyterHub 6 reads it: if any name begins with "opt-", only those count, without it.
    """
    prefixed = {name[len(PREFIX) :]: value for name, value in query.items() if name.startswith(PREFIX)}
    return prefixed or {name: value for name, value in query.items() if name not in NOT_OPTIONS}


def query_fields(query: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the form in what the hub gives to options_from_query().

    JupyterHub 6 has read the URL itself. Once more would take "opt-" from names of options that begin with it.
    """
    if HUB_READS_PREFIX:
        return {name: value for name, value in query.items() if name != XSRF}
    return url_fields(query)


def chosen_now(handler: Any) -> bool:
    """Whether the request that starts the server contains options; otherwise the hub repeats the last ones."""
    request = getattr(handler, "request", None)
    if request is None:
        return False
    if request.body_arguments or getattr(request, "files", None):
        return any(name not in NOT_OPTIONS for name in request.body_arguments) or bool(request.files)
    if request.body:
        return bool(_options_in_json(request.body))
    # In a request of the REST API, the query has no options.
    return getattr(request, "method", "GET") == "GET" and bool(url_fields(request.query_arguments))


def _options_in_json(body: bytes) -> Any:
    try:
        fields = json.loads(body)
    except ValueError:
        return None
    if not isinstance(fields, dict):
        return None
    # JupyterHub 6: {"display_name": ..., "user_options": ...}; otherwise all of it is the options.
    if "user_options" in fields or "display_name" in fields:
        return fields.get("user_options")
    return {name: value for name, value in fields.items() if name != XSRF}


def _written(data: Mapping[str, Any], field: str) -> str:
    """What was written in the place of a choice."""
    text = _text(data.get(field + OTHER)).strip()
    if not text:
        raise ValueError(
            f'Nothing is written for "{field.partition(":")[2]}". Write it, or choose another one.'
        )
    return text


def _text(value: Any) -> str:
    value = plain(value)
    return value if isinstance(value, str) else ""
