"""From what a user chose, on the form or over JupyterHub's REST API, to user_options and a profile.

Not here: whether the choice is allowed (the service).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..service.json_values import Json

# The key of the profile in user_options; the others are the profile's options.
PROFILE = "profile"


class Choice(NamedTuple):
    """`profile` is empty if none was chosen."""

    profile: str
    options: Json


def choice_of(user_options: Any, fixed_profile: str = "") -> Choice:
    """`fixed_profile`: set by the administrator; ValueError for the user if they chose another."""
    options = dict(user_options or {})
    profile = _text(options.pop(PROFILE, None))
    if fixed_profile and profile not in ("", fixed_profile):
        raise ValueError(
            f'The profile "{profile}" cannot be chosen on this hub, which starts "{fixed_profile}".'
        )
    return Choice(fixed_profile or profile, options)


def field_name(profile: str, option: str) -> str:
    """Each profile has fields of its own: without scripts, browsers send those of all profiles."""
    return f"{profile}:{option}"


def from_form(data: dict[str, list[Any]]) -> Json:
    """user_options from the fields of the form, or from a query such as ?profile=big&size=large.

    Leaves out empty fields, and the fields of other profiles.
    """
    options: Json = {}
    profile = _text(data.get(PROFILE))
    if profile:
        options[PROFILE] = profile
    for field, values in data.items():
        owner, colon, name = field.partition(":")
        if field == PROFILE or field == "_xsrf" or (colon and owner != profile):
            continue
        chosen = [value for value in values if value != ""]
        if chosen:
            # A checked box comes after the hidden field with the value "off".
            options[name if colon else field] = _plain(chosen[-1] if colon else chosen)
    return options


def chosen_now(handler: Any) -> bool:
    """Whether the request that starts the server contains options, in its body or its query."""
    request = getattr(handler, "request", None)
    if request is None:
        return False
    return bool(request.body) or any(key != "next" for key in request.query_arguments)


def _plain(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _text(value: Any) -> str:
    value = _plain(value)
    return value if isinstance(value, str) else ""
