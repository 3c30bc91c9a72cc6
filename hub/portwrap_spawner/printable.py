"""Others' words, made fit for the hub's log: the service passes on what users' jobs have said.

Owns what is left out: whatever moves a terminal's cursor, hides text or begins another line.
"""

from __future__ import annotations

from typing import Any


def printable(text: Any) -> str:
    """As it is, with its indentation, without what cannot be seen."""
    return "".join(character for character in str(text).expandtabs() if character.isprintable())


def one_line(text: Any) -> str:
    """The same, with one space wherever there was any white space."""
    words = (printable(word) for word in str(text).split())
    return " ".join(word for word in words if word)
