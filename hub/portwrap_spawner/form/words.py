"""Words of the form for values that the service sends."""

from __future__ import annotations

from typing import Any

from ..service.json_values import Json

UNITS = {"memory": " GiB", "cpus": " CPUs"}
NUMBERS = ("number", *UNITS)


def label_of(option: Json) -> str:
    return str(option.get("title") or option["description"] or option["name"])


def hint_of(option: Json) -> str:
    """What people read below the field: its description where the label is another text, and what it accepts."""
    about = option["description"] if option.get("title") else ""
    return " ".join(part for part in (sentence(about) if about else "", _rule(option)) if part)


def _rule(option: Json) -> str:
    """Empty when it accepts anything."""
    if option["type"] == "text" and option["pattern"]:
        return f"Must match {option['pattern']}"
    if option["type"] not in NUMBERS:
        return ""
    unit = UNITS.get(option["type"], "")
    low, high = number_text(option["min"]), number_text(option["max"])
    if low and high:
        return f"{low} to {high}{unit}"
    return f"At least {low}" if low else f"At most {high}" if high else ""


def free_words(offered: Json) -> str:
    """How much is free of what a profile or a choice needs; empty where nothing is counted."""
    return ", ".join(_counted(**count) for count in _counts(offered))


def is_full(offered: Json) -> bool:
    """Whether a start would be refused now, because too little is free."""
    return any(count["free"] < count["needed"] for count in _counts(offered))


def number_text(value: Any) -> str:
    """Without ".0"; anything but a number as it is."""
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def plain(value: Any) -> Any:
    """The only item of a list, as forms send it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _counts(offered: Json) -> list[Json]:
    known = ("what", "free", "total", "needed")
    return [
        {key: count[key] for key in known}
        for count in offered.get("free") or []
        if count.get("what") in NOUNS
    ]


NOUNS = {"gpus": "GPU", "servers": "place"}


def _counted(what: str, free: int, total: int, needed: int) -> str:
    noun = NOUNS[what] if total == 1 else f"{NOUNS[what]}s"
    needs = f"needs {needed}, " if needed > 1 else ""
    return f"{needs}{free} of {total} {noun} {'is' if 1 in (free, total) else 'are'} free"
