"""JSON objects, as the service sends and takes them."""

from __future__ import annotations

import json
from typing import Any, Dict

Json = Dict[str, Any]


def object_in(text: str | bytes) -> Json | None:
    """The JSON object; None if the text is anything else."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
