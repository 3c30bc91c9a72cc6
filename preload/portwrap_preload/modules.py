"""What the fork server imports. First in a process of its own, to learn which modules read a variable of one server while
they are imported, or keep a descriptor open: these, and those that import them, are left to the server.

Not here: watching variables (environment.py) and descriptors (descriptors.py), values of one user that modules keep (identity.py).
"""

from __future__ import annotations

import builtins
import gc
import importlib
import json
import os
import signal
import sys
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator

from . import descriptors, environment, identity, join, jupyter

PRESET = "jupyter"


class Unusable(Exception):
    """Why this environment cannot be preloaded, for the administrator."""


class Died(Unusable):
    """A process has died: another time it may live."""


@dataclass(frozen=True)
class Preloaded:
    names: list[str]
    # Directories from which modules were loaded: a change in one of them makes the fork server out of date.
    directories: list[str]
    # What modules have read while they were imported; None: not set.
    variables: dict[str, str | None]
    places: list[identity.Place] = field(default_factory=list)


def preload(wanted: list[str]) -> Preloaded:
    """Raises Unusable."""
    gc.disable()
    names = in_child(lambda: usable_names(wanted))
    before = descriptors.opened()
    with environment.watched() as reads:
        for name in names:
            try:
                importlib.import_module(name)
            except Exception as error:
                raise Unusable(f"the module {name} could be imported only once: {error}") from error
    gc.enable()
    if len(os.listdir("/proc/self/task")) > 1:
        raise Unusable("a module has started a thread while it was imported, and threads do not survive a fork")
    kept = sorted(target for _, target in descriptors.opened() - before)
    if kept:
        raise Unusable(f"a module keeps {kept[0]} open, which it opened while it was imported, and servers would not have it")
    variables = {key: os.environ.get(key) for key, _ in reads if key not in environment.MARKERS}
    ours = next((key for key in variables if environment.OF_ONE_SERVER.match(key)), None)
    if ours is not None:
        raise Unusable(f"a module reads {ours} while it is imported, although it did not before")
    try:
        places = identity.find_places()
    except LookupError as error:
        raise Unusable(str(error)) from error
    return Preloaded(names, directories_of_modules(), variables, places)


def in_child(work: Callable[[], list[str]]) -> list[str]:
    """The result of `work` in a forked process, whose memory is then gone."""
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            end_with(parent)
            answer: Any = {"names": work()}
        except Unusable as reason:
            answer = {"problem": str(reason)}
        except BaseException as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as pipe:
            json.dump(answer, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    if text == "":
        raise Died("a process that imported the modules has died")
    answer = json.loads(text)
    if "problem" in answer:
        raise Unusable(answer["problem"])
    return answer["names"]


def end_with(parent: int) -> None:
    """While this process imports, which may take long, or never end."""
    join.check(join.libc.prctl(join.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() != parent:
        os._exit(1)


def outlive_parent() -> None:
    join.check(join.libc.prctl(join.PR_SET_PDEATHSIG, 0, 0, 0, 0))


def usable_names(wanted: list[str]) -> list[str]:
    """All modules that the wanted ones load, in that order, without those that must be a server's, and their importers."""
    before = set(sys.modules)
    importers: dict[str, set[str]] = {}
    with environment.watched() as reads, descriptors.watched() as keepers, recorded_imports(importers):
        for name in wanted:
            if name == PRESET:
                jupyter.import_all()
            else:
                import_or_refuse(name)
    unusable = keepers | {module for key, module in reads if environment.OF_ONE_SERVER.match(key)}
    pending = list(unusable)
    while pending:
        for importer in importers.get(pending.pop(), ()):
            if importer not in unusable:
                unusable.add(importer)
                pending.append(importer)
    loaded = [name for name in sys.modules if name not in before and is_importable(name)]
    return [name for name in loaded if not any(parent in unusable for parent in with_parents(name))]


def import_or_refuse(name: str) -> None:
    try:
        importlib.import_module(name)
    except Exception as error:
        raise Unusable(f"the module {name} cannot be imported: {type(error).__name__}: {error}") from error


def is_importable(name: str) -> bool:
    """Some entries are objects that a module has put there."""
    spec = getattr(sys.modules[name], "__spec__", None)
    return spec is not None and spec.name == name


def with_parents(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


class recorded_imports:
    """Fills a dictionary: module -> the modules that import it while they are imported themselves."""

    def __init__(self, importers: dict[str, set[str]]) -> None:
        self._importers = importers
        self._ordinary = builtins.__import__

    def __enter__(self) -> None:
        builtins.__import__ = self._import

    def __exit__(self, *_: object) -> None:
        builtins.__import__ = self._ordinary

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        module = self._ordinary(name, globals, locals, fromlist, level)
        importer = (globals or {}).get("__name__", "")
        package = (globals or {}).get("__package__") or importer.rpartition(".")[0]
        if level > 0:
            base = package.rsplit(".", level - 1)[0] if level > 1 else package
            name = f"{base}.{name}" if name else base
        for imported in (name, *(f"{name}.{part}" for part in fromlist or ())):
            for each in with_parents(imported):
                if each in sys.modules and each != importer:
                    self._importers.setdefault(each, set()).add(importer)
        return module


def directories_of_modules() -> list[str]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    found = {os.path.dirname(os.path.realpath(file)) for file in files if isinstance(file, str)}
    return sorted(found | {path for path in map(os.path.realpath, sys.path) if os.path.isdir(path)})
