"""What modules have kept of a user's variables while they were imported, such as a path below the home. The fork server
imports them with markers as the values; here every place that holds a marker is found, and gets the user's value.

Not here: the markers (environment.py), what can be replaced in a value (marked.py).
"""

from __future__ import annotations

import gc
import os
import posix
import sys
from pathlib import PurePath
from types import CellType, FunctionType, ModuleType
from typing import Any, Iterator

from .environment import MARKERS
from .marked import IMMUTABLE, is_marked, is_replaceable, replaced


class Place:
    """One value that contains a marker; it is replaced with set()."""

    def __init__(self, holder: Any, key: Any, value: Any) -> None:
        self.holder = holder
        self.key = key
        self.value = value

    def set(self, values: dict[str, str]) -> None:
        value = replaced(self.value, values)
        if isinstance(self.holder, (dict, list)):
            self.holder[self.key] = value
        elif isinstance(self.holder, CellType):
            self.holder.cell_contents = value
        elif isinstance(self.holder, type):
            type.__setattr__(self.holder, self.key, value)
        else:
            object.__setattr__(self.holder, self.key, value)


def find_places() -> list[Place]:
    """Raises LookupError when there is one whose value cannot be replaced."""
    found: list[Place] = []
    objects = gc.get_objects()
    frame = sys._getframe()
    seen = {id(MARKERS), id(found), id(objects), id(os.environ._data), id(posix.environ), id(frame)}
    seen |= parts_of_others(objects) | {id(vars(module)) for module in our_modules()}
    pending = objects.copy()
    seen.add(id(pending))
    del objects
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        found.extend(places_in(thing))
        pending.extend(part for part in gc.get_referents(thing) if is_untracked_holder(part, seen))
    return found


def parts_of_others(objects: list[Any]) -> set[int]:
    """The dictionaries of classes and the lists of paths: what is replaced there is the attribute, and the path."""
    parts: set[int] = set()
    for thing in objects:
        kind = dict if isinstance(thing, type) else list if isinstance(thing, PurePath) else None
        if kind is not None:
            parts.update(id(part) for part in gc.get_referents(thing) if type(part) is kind)
    return parts


def our_modules() -> list[ModuleType]:
    return [module for name, module in sys.modules.items() if name.partition(".")[0] == __package__]


def is_untracked_holder(thing: Any, seen: set[int]) -> bool:
    return id(thing) not in seen and not gc.is_tracked(thing) and isinstance(thing, (dict, list))


def places_in(thing: Any) -> Iterator[Place]:
    """Values that cannot change, such as tuples, are replaced where they are held."""
    if isinstance(thing, (ModuleType, *IMMUTABLE)):
        return
    if not isinstance(thing, type) and not any(is_marked(part) for part in parts_of(thing)):
        return
    places = [Place(thing, key, value) for key, value in items_of(thing) if is_marked(value)]
    keys = [key for key in thing if is_marked(key)] if isinstance(thing, dict) else []
    refused = next(iter([*keys, *(place.value for place in places if not is_replaceable(place.value))]), None)
    if refused is not None or (not places and not isinstance(thing, type)):
        kept = thing if refused is None else refused
        raise LookupError(f"{type(kept)} {str(kept)[:200]} keeps a value of one user where it cannot be replaced")
    yield from places


def parts_of(thing: Any) -> list[Any]:
    """Python does not tell keys of a dictionary as its referents if all are texts."""
    return [*gc.get_referents(thing), *(thing if isinstance(thing, dict) else ())]


def items_of(thing: Any) -> list[tuple[Any, Any]]:
    if isinstance(thing, dict):
        return list(thing.items())
    if isinstance(thing, list):
        return list(enumerate(thing))
    if isinstance(thing, CellType):
        return [("cell", thing.cell_contents)]
    items = list(vars(thing).items()) if isinstance(thing, type) or hasattr(thing, "__dict__") else []
    if isinstance(thing, FunctionType):
        items += [("__defaults__", thing.__defaults__), ("__doc__", thing.__doc__)]
    if not isinstance(thing, type):
        items += [(name, getattr(thing, name)) for name in slots_of(thing) if hasattr(thing, name)]
    return items


def slots_of(thing: Any) -> Iterator[str]:
    for kind in type(thing).__mro__:
        names = vars(kind).get("__slots__", ())
        for name in (names,) if isinstance(names, str) else names:
            hidden = name.startswith("__") and not name.endswith("__")
            yield f"_{kind.__name__.lstrip('_')}{name}" if hidden else name
