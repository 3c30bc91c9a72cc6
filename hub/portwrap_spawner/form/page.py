"""The profiles that are offered to a user, as the content of the hub's spawn form (page.html).

Works without scripts, with keyboards and with screen readers: native inputs with labels, in fieldsets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from jinja2 import Environment, FileSystemLoader

from ..outcome.ending import Ending
from ..outcome.maintenance import Maintenance, readable
from ..service.json_values import Json
from .choices import OTHER, PROFILE, Choice, field_name
from .last_choice import details_of, selection
from .words import free_words, hint_of, is_full, label_of, number_text, sentence


def profile_form(
    profiles: Sequence[Json],
    last: Choice,
    ending: Ending | None = None,
    maintenance: Maintenance | None = None,
    is_typed: bool = False,
) -> str:
    """The form, or "" when there is nothing to choose.

    `last`: the choice that is selected at first; `is_typed`: it was refused just now, and stays as it is;
    `ending`: how the last server ended.
    """
    if not profiles or (len(profiles) == 1 and not profiles[0]["options"]):
        return ""
    return PAGE.render(
        profiles=profiles,
        selected=selection(profiles, last, is_typed),
        ending=None if ending is None or ending.is_plain else ending,
        maintenance=maintenance,
    )


def form_without_profiles(reason: str) -> str:
    """The form while the service does not respond: the default can be started once it does."""
    return PAGE.render(reason=reason)


def _is_listed(option: Json) -> bool:
    """Whether the choices stand below each other, with what people read about them; otherwise they are a menu."""
    return bool(option.get("other")) or any(
        choice["title"] != choice["name"] or choice["description"] or choice["free"]
        for choice in details_of(option)
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(str(Path(__file__).parent)),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number_text, sentence=sentence, readable=readable)
    environment.globals.update(
        field_name=field_name,
        hint_of=hint_of,
        label_of=label_of,
        free_words=free_words,
        is_full=is_full,
        is_listed=_is_listed,
        details_of=details_of,
        profile_field=PROFILE,
        other_marker=OTHER,
    )
    return environment


PAGE = _environment().get_template("page.html")
