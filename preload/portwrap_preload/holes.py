"""Free blocks between the objects of modules. What a server puts into one of them makes it a copy of that page; with all of
them taken before the fork, the objects of a server are next to each other, in few pages of its own.

Not here: what modules are (modules.py).
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

# A row of sys._debugmallocstats: class, size of a block, pools, blocks in use, blocks available.
ROW = re.compile(r"^ *\d+ +(\d+) +\d+ +\d+ +(\d+) *$", re.MULTILINE)
# Of an empty bytes object, which takes one byte more for each byte that it holds.
HEADER = sys.getsizeof(b"")


def filled() -> list[Any]:
    """Objects that take every free block of Python's own allocator, as long as they live. Without that allocator: none."""
    return [[block(int(size)) for _ in range(int(available))] for size, available in ROW.findall(allocator_report())]


def block(size: int) -> object:
    if size >= HEADER:
        return bytes(bytearray(size - HEADER))  # never one that Python shares
    return float("1.5") if size > sys.getsizeof(object()) else object()


def allocator_report() -> str:
    """Python tells it only to the descriptor of standard error."""
    tell = getattr(sys, "_debugmallocstats", None)
    if tell is None:
        return ""
    standard_error = os.dup(2)
    report = os.memfd_create("portwrap-preload")
    try:
        os.dup2(report, 2)
        tell()
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
    with open(report, encoding="ascii", errors="replace") as file:
        file.seek(0)
        return file.read()
