"""Free blocks between the objects of modules. What a server puts into one of them makes the server copy that page; with all
of them taken before the fork, the objects of a server are next to each other, in few pages of its own.

Not here: what is imported (modules.py).
"""

from __future__ import annotations

import ctypes
import os
import re
import sys

# A row of sys._debugmallocstats: class, size of a block, pools, blocks in use, blocks available.
ROW = re.compile(r"^ *\d+ +(\d+) +\d+ +\d+ +(\d+) *$", re.MULTILINE)
# Of an empty bytes object, which takes one byte more for each byte that it holds.
HEADER = sys.getsizeof(b"")


def fill() -> None:
    """Takes the free blocks of Python's own allocator for ever: freed at the end of a server, they would be copied then."""
    objects = [[block(int(size)) for _ in range(int(available))] for size, available in ROW.findall(allocator_report())]
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(objects))


def block(size: int) -> object:
    if size >= HEADER:
        return bytes(bytearray(size - HEADER))  # never one that Python shares
    return float("1.5") if size > sys.getsizeof(object()) else object()


def allocator_report() -> str:
    """Python tells it only to the descriptor of standard error. Empty where it does not."""
    tell = getattr(sys, "_debugmallocstats", None)
    if tell is None:
        return ""
    standard_error = os.dup(2)
    reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)  # a longer report than a pipe holds is cut
    try:
        os.dup2(writing, 2)
        tell()
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        os.close(writing)
    with open(reading, "rb") as file:
        return file.read().decode("ascii", "replace")
