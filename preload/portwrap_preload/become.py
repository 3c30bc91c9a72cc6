"""After the drop of privileges: from a process of the sandbox with the rights of the user to the user's server. Everything
here runs as a command of that user would. What cannot have the same effect becomes that command, by execve(2).

Not here: entering the sandbox (join.py).
"""

from __future__ import annotations

import builtins
import ctypes
import os
import random
import re
import resource
import signal
import site
import sys
from types import ModuleType
from typing import Any

from . import join
from .environment import MARKERS
from .modules import Preloaded

PR_SET_MM = 35
PR_SET_MM_MAP = 14

# Read by the interpreter or the dynamic loader before a program's first line.
AT_START = re.compile(r"PYTHON|LD_|MALLOC_|GLIBC_TUNABLES$|LC_|LANG$|LANGUAGE$")


class MemoryMap(ctypes.Structure):
    """struct prctl_mm_map, linux/prctl.h."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in ("start_code", "end_code", "start_data", "end_data", "start_brk", "brk")),
        *((name, ctypes.c_uint64) for name in ("start_stack", "arg_start", "arg_end", "env_start", "env_end", "auxv")),
        ("auxv_size", ctypes.c_uint32),
        ("exe_fd", ctypes.c_uint32),
    )


kept: list[Any] = []  # memory that the kernel reads
at_start: dict[str, str] = {}
coerced: dict[str, str] = {}
own_modules: list[str] = []


def note_start() -> None:
    """What the interpreter was started with, what it has added itself (PEP 538), and the modules of this package."""
    with open("/proc/self/environ", "rb") as file:
        lines = os.fsdecode(file.read()).split("\0")
    at_start.update(line.split("=", 1) for line in lines if "=" in line)
    coerced.update({name: value for name, value in os.environ.items() if name not in at_start})
    own_modules.extend(name for name in sys.modules if name.partition(".")[0] == __package__)


def become_server(order: dict[str, Any], preloaded: Preloaded) -> None:
    """Returns what main() of the server's script returns, or raises what it raises."""
    environment: dict[str, str] = order["environment"]
    argv: list[str] = order["argv"]
    script = argv[order["script"]]
    os.umask(order["umask"])
    limit_open_files(order["open_files"])
    os.chdir(order["directory"])
    difference = why_different(environment, preloaded)
    if difference is None:
        set_environment({**coerced, **environment})
        difference = why_not_replaced(environment, preloaded) or why_user_site() or why_not_shown(script, argv, environment)
    if difference is not None:
        say(f"portwrap: preload is not used for this start: {difference}")
        execute(order["command"], environment)
    join.check(join.libc.prctl(join.PR_SET_DUMPABLE, 1, 0, 0, 0))
    reseed()
    sys.argv = argv[order["script"] :]
    sys.orig_argv = argv
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
    for name in own_modules:  # to look at all modules would make their pages copies, 1.5 MB with JupyterLab
        del sys.modules[name]
    run(script)


def why_different(environment: dict[str, str], preloaded: Preloaded) -> str | None:
    """The variable that would have had an effect on what was imported."""
    missing = [name for name in MARKERS if name not in environment]
    if missing:
        return f"{missing[0]} is not set"
    names = {name for name in (*environment, *at_start) if AT_START.match(name)} | set(preloaded.variables)
    for name in sorted(names - set(MARKERS)):
        if environment.get(name) != at_start.get(name):
            return f"{name} is not as it was when the modules were imported"
    return None


def why_not_replaced(environment: dict[str, str], preloaded: Preloaded) -> str | None:
    """Gives each place that holds a marker the user's value."""
    values = {marker: environment[name] for name, marker in MARKERS.items()}
    try:
        for place in preloaded.places:
            place.set(values)
    except Exception as error:
        return f"a value of one user cannot be replaced: {type(error).__name__}: {error}"
    return None


def why_user_site() -> str | None:
    """Packages of the user could replace, or come before, what was imported."""
    path = getattr(site, "USER_SITE", None)
    if site.ENABLE_USER_SITE and isinstance(path, str) and os.path.isdir(path) and os.listdir(path):
        return f"{path} holds packages of the user"
    return None


def why_not_shown(script: str, argv: list[str], environment: dict[str, str]) -> str | None:
    try:
        show_as_command(script, argv, environment)
    except OSError as error:
        return f"the kernel does not let it show its arguments: {error.strerror}"
    return None


def set_environment(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def limit_open_files(wanted: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or wanted <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def show_as_command(script: str, argv: list[str], environment: dict[str, str]) -> None:
    """In lists of processes: name, arguments and environment. From its name on it is the server (join.NAME)."""
    join.check(join.libc.prctl(join.PR_SET_NAME, os.fsencode(os.path.basename(script))[:15] + b"\0", 0, 0, 0))
    arguments = block(os.fsencode(word) for word in argv)
    variables = block(os.fsencode(f"{name}={value}") for name, value in environment.items())
    with open("/proc/self/stat", "rb") as file:
        fields = [int(text) for text in file.read().rpartition(b") ")[2].split()[1:]]
    start_code, end_code, start_stack = fields[22], fields[23], fields[24]
    start_data, end_data, start_brk = fields[41], fields[42], fields[43]
    join.libc.sbrk.restype = ctypes.c_void_p
    layout = MemoryMap(
        *(start_code, end_code, start_data, end_data, start_brk, join.libc.sbrk(0), start_stack),
        *(*arguments, *variables),
        *(0, 0, 0xFFFFFFFF),
    )
    join.check(join.libc.prctl(PR_SET_MM, PR_SET_MM_MAP, ctypes.byref(layout), ctypes.sizeof(layout), 0))


def block(words: Any) -> tuple[int, int]:
    """The words in memory, each with a NUL after it; first and last address."""
    memory = ctypes.create_string_buffer(b"".join(word + b"\0" for word in words))
    kept.append(memory)
    start = ctypes.addressof(memory)
    return start, start + len(memory) - 1


def reseed() -> None:
    """All servers have the fork server's state of each generator; Python reseeds its own when it forks."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def run(script: str) -> None:
    """As the interpreter runs a script. What it raises is the interpreter's to report."""
    with open(script, "rb") as file:
        code = compile(file.read(), script, "exec")
    main = ModuleType("__main__")
    main.__file__ = script
    vars(main)["__builtins__"] = builtins
    sys.modules["__main__"] = main
    exec(code, vars(main))


def say(line: str) -> None:
    os.write(2, line.encode("utf-8", "surrogateescape") + b"\n")


def execute(command: list[str], environment: dict[str, str]) -> None:
    """Becomes the command, as the gate would: without what Python ignores."""
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        say(f"portwrap: {command[0]}: {error.strerror}")
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
