"""What modules have kept of a user's variables while they were imported, such as a path below the home. The fork server
imports them with markers as the values; here every place that holds a marker is found, and gets the user's value.

Not here: the markers (environment.py).
"""

from __future__ import annotations

import gc
import os
import sys
from types import CellType, ModuleType
from typing import Any, Iterator

from .environment import MARKERS

MARKS = tuple(dict.fromkeys(MARKERS.values()))


class Place:
    """One value that contains a marker; it is replaced with set()."""

    def __init__(self, holder: Any, key: Any, text: str) -> None:
        self.holder = holder
        self.key = key
        self.text = text

    def set(self, values: dict[str, str]) -> None:
        text = self.text
        for marker, value in values.items():
            text = text.replace(marker, value)
        if isinstance(self.holder, (dict, list)):
            self.holder[self.key] = text
        elif isinstance(self.holder, CellType):
            self.holder.cell_contents = text
        else:
            setattr(self.holder, self.key, text)


def find_places() -> list[Place]:
    found: list[Place] = []
    class_dictionaries: set[int] = set()
    objects = gc.get_objects()
    for thing in objects:
        if isinstance(thing, type):
            class_dictionaries.update(id(part) for part in gc.get_referents(thing) if type(part) is dict)
    ignored = {id(MARKERS), id(found), id(objects), id(MARKS), id(os.environ._data)} | class_dictionaries
    seen = set(ignored)
    frame = sys._getframe()
    pending = [thing for thing in objects if thing is not frame]
    del objects
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        found.extend(places_in(thing))
        pending.extend(part for part in gc.get_referents(thing) if is_untracked_holder(part, seen))
    return found


def is_untracked_holder(thing: Any, seen: set[int]) -> bool:
    return id(thing) not in seen and not gc.is_tracked(thing) and isinstance(thing, (dict, tuple, list, set, frozenset))


def places_in(thing: Any) -> Iterator[Place]:
    if isinstance(thing, ModuleType):
        return
    if not any(is_marked(part) for part in gc.get_referents(thing)):
        return
    if isinstance(thing, dict):
        items: Any = list(thing.items())
    elif isinstance(thing, list):
        items = list(enumerate(thing))
    elif isinstance(thing, CellType):
        items = [("cell", thing.cell_contents)]
    elif isinstance(thing, type) or hasattr(thing, "__dict__"):
        items = list(vars(thing).items())
    else:
        items = []
    places = [Place(thing, key, value) for key, value in items if is_marked(value)]
    if not places:
        raise LookupError(f"{type(thing)} {str(thing)[:200]} keeps a value of one user where it cannot be replaced")
    yield from places


def is_marked(value: Any) -> bool:
    return type(value) is str and any(marker in value for marker in MARKS)
