"""Which modules keep a descriptor open that they have opened while they were imported. A child closes all that it has: the
module would go on to use, or close, one of somebody else under that number.

Not here: what follows from that (modules.py).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from types import ModuleType
from typing import Iterator


@contextmanager
def watched() -> Iterator[set[str]]:
    """Yields the names of such modules, which become more meanwhile."""
    keepers: set[str] = set()
    known = opened()
    running: list[str] = []  # modules that are being imported, each by the one before it
    ordinary = SourceFileLoader.exec_module

    def note() -> None:
        nonlocal known
        now = opened()
        if running and now - known:
            keepers.add(running[-1])
        known = now

    def exec_module(loader: SourceFileLoader, module: ModuleType) -> None:
        note()
        running.append(module.__name__)
        try:
            ordinary(loader, module)
        finally:
            note()
            running.pop()

    SourceFileLoader.exec_module = exec_module
    try:
        yield keepers
    finally:
        del SourceFileLoader.exec_module  # it has its base's


def opened() -> set[tuple[str, str]]:
    """Number and target of each open descriptor."""
    return {(number, target) for number in os.listdir("/proc/self/fd") if (target := target_of(number)) is not None}


def target_of(number: str) -> str | None:
    try:
        return os.readlink(f"/proc/self/fd/{number}")
    except FileNotFoundError:  # that of the listing itself
        return None
