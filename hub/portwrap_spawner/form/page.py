"""The profiles that are offered to a user, as the content of the hub's spawn form (page.html).

Works without scripts, with keyboards and with screen readers: native inputs with labels, in fieldsets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from jinja2 import Environment, FileSystemLoader

from ..outcome.ending import Ending
from ..outcome.maintenance import Maintenance, readable
from ..service.json_values import Json
from .choices import PROFILE, Choice, field_name

UNITS = {"memory": " GiB", "cpus": " CPUs"}
NUMBERS = ("number", *UNITS)


def profile_form(
    profiles: Sequence[Json],
    last: Choice,
    ending: Ending | None = None,
    maintenance: Maintenance | None = None,
) -> str:
    """The form, or "" when there is nothing to choose.

    `last`: the choice that is selected at first; `ending`: how the last server ended.
    """
    if not profiles or (len(profiles) == 1 and not profiles[0]["options"]):
        return ""
    checked = next((profile for profile in profiles if profile["name"] == last.profile), None)
    return PAGE.render(
        profiles=profiles,
        checked=checked or profiles[0],
        last=last,
        gone=None if checked else last.profile,
        ending=None if ending is None or ending.is_plain else ending,
        maintenance=maintenance,
    )


def form_without_profiles(reason: str) -> str:
    """The form while the service does not respond: the default can be started once it does."""
    return PAGE.render(reason=reason)


def _hint(option: Json) -> str:
    """What the input accepts; empty when it accepts anything."""
    if option["type"] == "text" and option["pattern"]:
        return f"Must match {option['pattern']}"
    if option["type"] not in NUMBERS:
        return ""
    unit = UNITS.get(option["type"], "")
    low, high = _number(option["min"]), _number(option["max"])
    if low and high:
        return f"{low} to {high}{unit}"
    return f"At least {low}" if low else f"At most {high}" if high else ""


def _number(value: Any) -> str:
    """Without ".0"; anything but a number as it is."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(Path(__file__).parent)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, sentence=_sentence, readable=readable)
    environment.globals.update(field_name=field_name, hint_of=_hint, profile_field=PROFILE)
    return environment


PAGE = _environment().get_template("page.html")
