"""From the fork to the drop of privileges, and nothing else: the part of the fork server to review line by line.

The child becomes the user, without capabilities, before it enters anything: the kernel then lets it into namespaces of
that user only. From there to the drop of what it got by entering, nothing is imported and no path is opened. Any error
ends it with _exit: the server is then started as a command.
"""

import ctypes
import json
import os
import select
import signal
import socket
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_GET_SECCOMP = 21
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
PR_GET_NO_NEW_PRIVS = 39
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2
# linux/capability.h
LINUX_CAPABILITY_VERSION_3 = 0x20080522
# linux/sched.h
NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x40000000 | 0x20000000 | 0x08000000  # user, mount, network, pid, ipc
# asm-generic/unistd.h, the same numbers on every processor
SYS_PIDFD_OPEN = 434
SYS_CLOSE_RANGE = 436
SYS_PIDFD_GETFD = 438
SYS_LSM_GET_SELF_ATTR = 459
SYS_LSM_SET_SELF_ATTR = 460
LAST_DESCRIPTOR = 0xFFFFFFFF
# linux/lsm.h
LSM_ID_APPARMOR = 104
LSM_ATTR_CURRENT = 100
LSM_FLAG_SINGLE = 1
# Of the child.
CONNECTION = 3
# While it has this name, portwrap-init (native/init) starts the command when it is killed.
NAME = b"portwrap-child\0"

LONGEST_ORDER = 8 * 1024 * 1024
FAILED = 1


class CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class CapData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class SecurityAttribute(ctypes.Structure):
    """struct lsm_ctx, linux/lsm.h."""

    _fields_ = (
        *((name, ctypes.c_uint64) for name in ("module", "flags", "length", "text_length")),
        ("text", ctypes.c_char * 1024),
    )


class FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def enter_sandbox(connection: socket.socket) -> dict[str, Any]:
    """Returns in a process of the sandbox that has the rights of its user, when the service says "go"."""
    try:
        # a handler, such as Python's of SIGINT, would run anywhere, also where an error is caught
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        os.setsid()
        os.dup2(connection.detach(), CONNECTION)
        close_above_connection()
        os.write(CONNECTION, b"pid %d\n" % os.getpid())
        order = read_order()
        target = open_process(order["pid"], order["start_time"])
        become_user(order["uid"], order["gid"], order["groups"])
        standard = [take_descriptor(target, number) for number in range(3)]
        filter_program = bytes.fromhex(order["filter"])
        check(libc.setns(target, NEW_NAMESPACES))
        hide_from_debuggers()
        drop_capabilities()
        enter_payload_profile()
        filter_system_calls(filter_program)
        become_child_of_init()
        for number, descriptor in enumerate(standard):
            os.dup2(descriptor, number, inheritable=True)
        close_above_connection()
        os.write(CONNECTION, b"ready %d\n" % os.getpid())
        if os.read(CONNECTION, 3) != b"go\n":
            os._exit(FAILED)
        os.close(CONNECTION)
    except BaseException:
        os._exit(FAILED)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return order


def close_above_connection() -> None:
    """Not up to the limit of open files: as soon as this process is one of the user, who may change its limits."""
    check(libc.syscall(SYS_CLOSE_RANGE, CONNECTION + 1, ctypes.c_uint(LAST_DESCRIPTOR), 0))


def read_order() -> dict[str, Any]:
    text = b""
    while not text.endswith(b"\n"):
        chunk = os.read(CONNECTION, 65_536)
        if chunk == b"" or len(text) > LONGEST_ORDER:
            os._exit(FAILED)
        text += chunk
    return json.loads(text)


def open_process(pid: int, start_time: int) -> int:
    """A descriptor of exactly that process: it is opened before its start time is compared."""
    target = pidfd_open(pid)
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b") ")[2].split()
    if int(fields[19]) != start_time or has_ended(target):
        raise ProcessLookupError
    return target


def pidfd_open(pid: int) -> int:
    """pidfd_open(2). Some builds of Python, such as those that uv installs, lack os.pidfd_open."""
    return check(libc.syscall(SYS_PIDFD_OPEN, pid, 0))


def has_ended(process: int) -> bool:
    return bool(select.select([process], [], [], 0)[0])


def become_user(uid: int, gid: int, groups: list[int]) -> None:
    if uid == 0 or gid == 0:
        raise PermissionError
    if os.getresuid() != (uid, uid, uid):
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    # with capabilities that the user does not have, it cannot be debugged either
    hide_from_debuggers()
    clear_capabilities()
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid):
        raise PermissionError
    if sorted(os.getgroups()) != sorted(groups):
        raise PermissionError


def hide_from_debuggers() -> None:
    """No other process may read its memory, or trace it. Where fs.suid_dumpable is 1, the kernel takes this back whenever
    the process gets another account or more capabilities: it is done while the others in the sandbox have fewer of them."""
    check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))


def take_descriptor(process: int, number: int) -> int:
    """The same open file as descriptor `number` of that process."""
    return check(libc.syscall(SYS_PIDFD_GETFD, process, number, 0))


def drop_capabilities() -> None:
    """Who enters a user namespace has all capabilities over it."""
    capability = 0
    while libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0:
        check(libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
        capability += 1
    clear_capabilities()
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    remaining = [libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) for number in range(capability)]
    if capability == 0 or any(remaining) or libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1:
        raise PermissionError


def clear_capabilities() -> None:
    check(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    header = CapHeader(LINUX_CAPABILITY_VERSION_3, 0)
    check(libc.capset(ctypes.byref(header), ctypes.byref((CapData * 2)())))
    left = (CapData * 2)()
    check(libc.capget(ctypes.byref(header), ctypes.byref(left)))
    if any(half.effective or half.permitted or half.inheritable for half in left):
        raise PermissionError


def enter_payload_profile() -> None:
    """Where launches are in the AppArmor profile "portwrap", so is the fork server, and what users run is in this one, too."""
    if is_in_launch_profile():
        text = b"stack portwrap-payload"
        attribute = SecurityAttribute(LSM_ID_APPARMOR, 0, ctypes.sizeof(SecurityAttribute), len(text), text)
        size = ctypes.sizeof(attribute)
        check(libc.syscall(SYS_LSM_SET_SELF_ATTR, LSM_ATTR_CURRENT, ctypes.byref(attribute), size, 0))


def is_in_launch_profile() -> bool:
    """False, too, before Linux 6.8."""
    attribute = SecurityAttribute(LSM_ID_APPARMOR)
    size = ctypes.c_uint64(ctypes.sizeof(attribute))
    arguments = (ctypes.byref(attribute), ctypes.byref(size), LSM_FLAG_SINGLE)
    return libc.syscall(SYS_LSM_GET_SELF_ATTR, LSM_ATTR_CURRENT, *arguments) == 1 and attribute.text.startswith(b"portwrap ")


def filter_system_calls(program: bytes) -> None:
    """The filter of every sandbox, which bubblewrap gives to a command."""
    description = FilterProgram(len(program) // 8, program)
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(description), 0, 0))
    if libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER:
        raise PermissionError


def become_child_of_init() -> None:
    """Forks twice: the first child is in the pid namespace, the second one is adopted by its process 1."""
    outside = os.fork()
    if outside != 0:
        os.waitpid(outside, 0)
        os._exit(0)
    between = pidfd_open(os.getpid())
    if os.fork() != 0:
        os._exit(0)
    select.select([between], [], [])
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if os.getppid() != 1:
        raise ChildProcessError
    check(libc.prctl(PR_SET_NAME, NAME, 0, 0, 0))


def check(result: int) -> int:
    if result == -1:
        raise OSError(ctypes.get_errno(), "system call")
    return result
