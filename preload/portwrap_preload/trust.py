"""Refuses what somebody else than the administrator could have changed: each loaded file, and each directory above it,
must belong to root or to the service's account, and no group and no other account may write there. A directory that holds
none of the modules may have the sticky bit instead.

Not here: the same for what may be loaded, before anything is (portwrap/preload/trusted.ts).
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Iterator

from .modules import Unusable


def check_loaded_files(owner: int) -> None:
    """Raises Unusable with the path."""
    trusted: set[str] = set()
    files = {os.path.realpath(path) for path in loaded_files()}
    directories = {os.path.dirname(path) for path in files}
    for path in sorted(files):
        while path not in trusted:
            check_path(path, owner, is_above=path not in files and path not in directories)
            trusted.add(path)
            path = os.path.dirname(path)


def loaded_files() -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and os.path.isabs(file):
            yield file
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = line.rstrip("\n").partition("/")[2]
            if path and not path.endswith(" (deleted)"):
                yield "/" + path


def check_path(path: str, owner: int, is_above: bool) -> None:
    try:
        found = os.stat(path)
    except OSError as error:
        raise Unusable(f"{path} cannot be examined: {error.strerror}") from error
    if found.st_uid not in (0, owner):
        raise Unusable(f"{path} belongs to uid {found.st_uid}, who could change it")
    is_sticky = is_above and found.st_mode & stat.S_ISVTX
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
        raise Unusable(f"{path} can be written by others (mode {stat.S_IMODE(found.st_mode):04o})")
