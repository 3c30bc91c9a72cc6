"""Makes text from users' programs safe for the hub's log, which is read in terminals.

Removes characters that control a terminal, hide text or begin another line.
"""

from __future__ import annotations

from typing import Any


def printable(text: Any) -> str:
    """The text with its indentation, without characters that are not printable."""
    return "".join(character for character in str(text).expandtabs() if character.isprintable())


def one_line(text: Any) -> str:
    """The same on one line: any white space becomes one space."""
    words = (printable(word) for word in str(text).split())
    return " ".join(word for word in words if word)
