"""From what a person chose, on the form or over the REST API, to what is asked of the service.

Owns the names of the form's fields and of the one option that is ours, `profile`. Whether a choice is
allowed is the service's to say; nothing is checked here but whose it is.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple

# In user_options, which holds the profile's options beside it.
PROFILE = "profile"


class Choice(NamedTuple):
    """`profile` is empty when nobody chose one."""

    profile: str
    options: Dict[str, Any]


def choice_of(user_options: Any, fixed_profile: str = "") -> Choice:
    """`fixed_profile`: the administrator's choice. ValueError, in words, where the user's is another."""
    options = dict(user_options or {})
    profile = _text(options.pop(PROFILE, None))
    if fixed_profile and profile not in ("", fixed_profile):
        raise ValueError(
            'The profile "{}" cannot be chosen on this hub, which starts "{}".'.format(
                profile, fixed_profile
            )
        )
    return Choice(fixed_profile or profile, options)


def field_name(profile: str, option: str) -> str:
    """Every profile has fields of its own: without scripts, the form sends all of them."""
    return "{}:{}".format(profile, option)


def from_form(data: Dict[str, List[Any]]) -> Dict[str, Any]:
    """user_options from the fields of the form, or from a query such as ?profile=big&size=large.

    A field that was left empty is no choice. What another profile's fields hold is left out.
    """
    options: Dict[str, Any] = {}
    profile = _text(data.get(PROFILE))
    if profile:
        options[PROFILE] = profile
    for field, values in data.items():
        owner, colon, name = field.partition(":")
        if field == PROFILE or field == "_xsrf" or (colon and owner != profile):
            continue
        chosen = [value for value in values if value != ""]
        if chosen:
            # A box that is ticked comes after the hidden field that says "off".
            options[name if colon else field] = _plain(chosen[-1] if colon else chosen)
    return options


def chosen_now(handler: Any) -> bool:
    """Whether the request that starts the server says how: by a body or a query of its own."""
    request = getattr(handler, "request", None)
    if request is None:
        return False
    return bool(request.body) or any(key != "next" for key in request.query_arguments)


def _plain(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _text(value: Any) -> str:
    value = _plain(value)
    return value if isinstance(value, str) else ""
