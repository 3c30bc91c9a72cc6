"""The profiles that are offered to a user, as the inside of the hub's spawn form.

Owns the HTML. Works without scripts, for keyboards and screen readers: radio buttons, labels, fieldsets,
native inputs. Everything that an administrator or a user wrote is escaped.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any, Dict, List, Optional

from .choices import PROFILE, Choice, field_name
from ..outcome.ending import Ending

Json = Dict[str, Any]

STYLE = (Path(__file__).parent / "form.css").read_text(encoding="utf-8")
# Fields of a profile that is not chosen must not keep the browser from sending the form. Without scripts
# they are sent, and ignored.
SCRIPT = """
(() => {
  const form = document.currentScript.closest('form') || document;
  const apply = () => form.querySelectorAll('.pw-profile').forEach((card) => {
    const radio = card.querySelector('input[type=radio]'), fields = card.querySelector('fieldset');
    if (radio && fields) fields.disabled = !radio.checked;
  });
  form.addEventListener('change', apply);
  apply();
})();
"""


def profile_form(profiles: List[Json], last: Choice, ending: Optional[Ending] = None) -> str:
    """The form, or "" when there is nothing to choose. `last`: what is chosen at first.

    `ending`: how the last server ended.
    """
    if len(profiles) == 0 or (len(profiles) == 1 and not profiles[0]["options"]):
        return ""
    names = [profile["name"] for profile in profiles]
    gone = last.profile if last.profile and last.profile not in names else ""
    checked = last.profile if last.profile in names else names[0]
    chosen = profiles[names.index(checked)]
    cards = "".join(_card(profile, profile["name"] == checked, last) for profile in profiles)
    return (
        '<style>{style}</style><div class="pw-profiles">{ended}{gone}'
        '<fieldset class="pw-group"><legend>{legend}</legend>{cards}</fieldset>'
        "</div><script>{script}</script>"
    ).format(
        style=STYLE,
        ended=_ended(ending) if ending and not ending.is_plain else "",
        gone=_gone(gone, _title(chosen)) if gone else "",
        legend="Choose what to start" if len(profiles) > 1 else "Choose how to start it",
        cards=cards,
        script=SCRIPT,
    )


def form_without_profiles(reason: str) -> str:
    """The service could not be asked: the default can be started all the same, once it answers."""
    return (
        '<style>{}</style><div class="pw-profiles"><p class="pw-note" role="status">{} '
        "You can start the default; that waits until the service answers.</p></div>"
    ).format(STYLE, escape(reason))


def _ended(ending: Ending) -> str:
    note = '<div class="pw-note"><p>The last server ended{}: {}</p>{}{}</div>'
    reason = ending.reason if ending.reason.endswith((".", "!", "?")) else ending.reason + "."
    lines = '<details><summary>The last lines of its log</summary><pre>{}</pre></details>'
    return note.format(
        ending.ago(),
        escape(reason),
        "<p>{}</p>".format(escape(ending.hint)) if ending.hint else "",
        lines.format(escape("\n".join(ending.log))) if ending.log else "",
    )


def _gone(profile: str, instead: str) -> str:
    return (
        '<p class="pw-note" role="status">What you started last, <b>{}</b>, is not offered any more. '
        "<b>{}</b> is chosen instead.</p>"
    ).format(escape(profile), escape(instead))


def _card(profile: Json, checked: bool, last: Choice) -> str:
    name = profile["name"]
    identity = "pw-" + name
    chosen = last.options if checked else {}
    fields = "".join(_field(name, option, chosen.get(option["name"])) for option in profile["options"])
    title = escape(_title(profile))
    return (
        '<div class="pw-profile"><input type="radio" name="{field}" id="{id}" value="{value}"{checked}{described}>'
        '<label for="{id}"><span class="pw-name">{title}</span></label>{description}{options}</div>'
    ).format(
        field=PROFILE,
        id=escape(identity),
        value=escape(name),
        title=title,
        checked=" checked" if checked else "",
        described=' aria-describedby="{}-about"'.format(escape(identity)) if profile["description"] else "",
        description='<p class="pw-about" id="{}-about">{}</p>'.format(
            escape(identity), escape(profile["description"])
        )
        if profile["description"]
        else "",
        options='<fieldset class="pw-options"><legend>Options of {}</legend>{}</fieldset>'.format(
            title, fields
        )
        if fields
        else "",
    )


def _title(profile: Json) -> str:
    # A service of before there were titles sends none.
    return str(profile.get("title") or profile["name"])


def _field(profile: str, option: Json, chosen: Any) -> str:
    value = option["default"] if chosen is None else chosen
    field = field_name(profile, option["name"])
    inputs = {
        "choice": _choice,
        "boolean": _box,
        "text": _text,
        "number": _number,
        "memory": _number,
        "cpus": _number,
    }
    control = inputs[option["type"]](field, "pw-" + field, option, value)
    about = option["description"]
    return '<div class="pw-field pw-{}"><label for="{}">{}</label>{}{}</div>'.format(
        escape(option["type"]),
        escape("pw-" + field),
        escape(about or option["name"]),
        control,
        _hint(field, option),
    )


def _choice(field: str, identity: str, option: Json, value: Any) -> str:
    blank = '<option value="">Not chosen</option>' if option["default"] is None else ""
    return '<select class="form-control" name="{}" id="{}">{}{}</select>'.format(
        escape(field),
        escape(identity),
        blank,
        "".join(
            '<option value="{0}"{1}>{0}</option>'.format(
                escape(choice), " selected" if choice == str(value) else ""
            )
            for choice in option["choices"]
        ),
    )


def _box(field: str, identity: str, option: Json, value: Any) -> str:
    ticked = str(value).lower() in ("true", "on")
    return (
        '<input type="hidden" name="{0}" value="off">'
        '<input type="checkbox" name="{0}" id="{1}" value="on"{2}>'
    ).format(escape(field), escape(identity), " checked" if ticked else "")


def _text(field: str, identity: str, option: Json, value: Any) -> str:
    return '<input class="form-control" type="text" maxlength="256" {}>'.format(
        _attributes(field, identity, value, {"pattern": option["pattern"]}, bool(option["pattern"]))
    )


def _number(field: str, identity: str, option: Json, value: Any) -> str:
    bounds = {"min": option["min"], "max": option["max"], "step": "any"}
    return '<input class="form-control" type="number" inputmode="decimal" {}>'.format(
        _attributes(field, identity, value, bounds, _range(option) != "")
    )


def _attributes(
    field: str, identity: str, value: Any, further: Dict[str, Any], has_hint: bool
) -> str:
    given: Dict[str, Any] = {"name": field, "id": identity, "value": "" if value is None else value}
    given.update({key: item for key, item in further.items() if item is not None})
    if has_hint:
        given["aria-describedby"] = identity + "-hint"
    return " ".join('{}="{}"'.format(key, escape(_number_text(item))) for key, item in given.items())


def _hint(field: str, option: Json) -> str:
    words = _range(option)
    if option["type"] == "text" and option["pattern"]:
        words = "Must match {}".format(option["pattern"])
    if not words:
        return ""
    return '<small class="pw-hint" id="pw-{}-hint">{}</small>'.format(escape(field), escape(words))


def _range(option: Json) -> str:
    unit = {"memory": " GiB", "cpus": " CPUs"}.get(option["type"], "")
    if option["type"] not in ("number", "memory", "cpus"):
        return ""
    low, high = _number_text(option["min"]), _number_text(option["max"])
    if low and high:
        return "{} to {}{}".format(low, high, unit)
    return "At least {}".format(low) if low else "At most {}".format(high) if high else ""


def _number_text(value: Optional[Any]) -> str:
    return "" if value is None else "{:g}".format(value) if isinstance(value, float) else str(value)
