"""Values that contain a marker of a user's variable, and the same with the user's values.

Not here: where they are (identity.py).
"""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import Any

from .environment import MARKERS

# A path is split at slashes; what is left of a marker is still found.
WORDS = tuple(dict.fromkeys(marker.strip("/") for marker in MARKERS.values()))
WORDS_IN_BYTES = tuple(word.encode() for word in WORDS)

IMMUTABLE = (str, bytes, tuple, frozenset, PurePath)


def is_marked(value: Any) -> bool:
    if isinstance(value, str):
        return any(word in value for word in WORDS)
    if isinstance(value, bytes):
        return any(word in value for word in WORDS_IN_BYTES)
    if isinstance(value, PurePath):
        return is_marked(str(value))
    if isinstance(value, (tuple, frozenset)):
        return any(is_marked(part) for part in value)
    return False


def is_replaceable(value: Any) -> bool:
    try:
        return not is_marked(replaced(value, {marker: "/" for marker in MARKERS.values()}))
    except LookupError:
        return False


def replaced(value: Any, values: dict[str, str]) -> Any:
    """`values` has the value for each marker. Raises LookupError for a kind of text or tuple that is not known."""
    if not is_marked(value):
        return value
    if isinstance(value, PurePath):
        return type(value)(replaced(str(value), values))
    if type(value) in (tuple, frozenset):
        return type(value)(replaced(part, values) for part in value)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(replaced(part, values) for part in value)
    if type(value) not in (str, bytes):
        raise LookupError(f"{type(value)} is not known")
    for marker, text in values.items():
        value = value.replace(os.fsencode(marker), os.fsencode(text)) if type(value) is bytes else value.replace(marker, text)
    return value
