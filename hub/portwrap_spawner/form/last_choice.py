"""What the form selects at first: the last choice, and the default in the place of what no longer fits of it.

Not here: the HTML (page.py); a start without the form, which the service judges (../spawner.py).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Sequence

from ..service.json_values import Json
from .choices import Choice
from .words import free_words, is_full, label_of, number_text, plain


class Selection(NamedTuple):
    """`values` has the options that differ from their defaults; `notes` one sentence for each replacement."""

    profile: Json
    values: Json
    notes: list[str]


def selection(profiles: Sequence[Json], last: Choice, is_typed: bool = False) -> Selection:
    """`is_typed`: the choice was refused just now, and stays for its user to correct it."""
    profile = next((profile for profile in profiles if profile["name"] == last.profile), None)
    default = profiles[0]
    if profile is None:
        gone = last.profile and f"What you started last, {last.profile}, is not offered any more"
        return Selection(default, {}, [_instead(gone, _title(default))] if gone else [])
    if is_typed:
        return Selection(profile, last.options, [])
    if profile is not default and is_full(profile) and not is_full(default):
        return Selection(default, {}, [_instead(_not_free(_title(profile), profile), _title(default))])
    values: Json = {}
    notes = []
    for option in profile["options"]:
        if option["name"] not in last.options:
            continue
        value = plain(last.options[option["name"]])
        problem = _misfit(option, value)
        if problem:
            notes.append(_instead(problem, _default_title(option)))
        else:
            values[option["name"]] = value
    known = {option["name"] for option in profile["options"]}
    notes += [
        f"What you chose last for {name} is not offered any more."
        for name in last.options
        if name not in known
    ]
    return Selection(profile, values, notes)


def _misfit(option: Json, value: Any) -> str:
    """Why the value cannot be selected again; empty if it can. Texts are judged by the service."""
    label = label_of(option)
    if option["type"] == "choice":
        choice = _choice(option, value)
        if choice is None:
            if option.get("other") and str(value) not in ("", "None"):
                return ""
            return f"{label}: {value}, which you chose last, is not offered any more"
        default = _choice(option, option["default"])
        if is_full(choice) and default is not choice and not (default and is_full(default)):
            return _not_free(f"{label}: {choice['title']}", choice)
        return ""
    if option["type"] in ("number", "memory", "cpus"):
        return (
            ""
            if _is_within(option, value)
            else f"{label}: {value}, which you chose last, is not offered any more"
        )
    return ""


def _is_within(option: Json, value: Any) -> bool:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return False
    low, high = option["min"], option["max"]
    return (low is None or number >= low) and (high is None or number <= high)


def _choice(option: Json, value: Any) -> Json | None:
    return next((choice for choice in details_of(option) if choice["name"] == str(value)), None)


def details_of(option: Json) -> list[Json]:
    """The choices of an option; a service of before them has names only."""
    plain_choices = [
        {"name": name, "title": name, "description": "", "free": []} for name in option["choices"]
    ]
    return option.get("choice_details") or plain_choices


def _default_title(option: Json) -> str:
    if option["type"] == "choice":
        choice = _choice(option, option["default"])
        return str(choice["title"]) if choice else "nothing"
    return "nothing" if option["default"] is None else number_text(option["default"])


def _not_free(what: str, offered: Json) -> str:
    return f"{what}, which you chose last, is not free now ({free_words(offered)})"


def _instead(problem: str, other: str) -> str:
    return f"{problem}; {other} is chosen instead."


def _title(profile: Json) -> str:
    return str(profile.get("title") or profile["name"])
