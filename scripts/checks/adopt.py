"""Runs a command and reports the processes that it left behind: python3 adopt.py REPORT COMMAND ARGUMENT...

As "subreaper" (prctl(2)) it becomes the parent of every orphan of the command, so it finds all of them and no other
process. It ends them and writes one line for each to REPORT.
Not here: leftovers other than processes (left-behind.mjs).
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
# A process that was signalled may take a moment to end on a busy machine.
GRACE = 15


class Late(Exception):
    pass


def late(_number, _frame):
    raise Late


def main(report, command):
    tell_the_kernel(PR_SET_CHILD_SUBREAPER, 1)
    child = subprocess.Popen(command)
    # Ctrl-C reaches the command directly. A handler, because children inherit an ignored signal.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: end(child.pid))
    signal.signal(signal.SIGALRM, lambda *_: send(child.pid, signal.SIGKILL))
    tell_the_kernel(PR_SET_PDEATHSIG, signal.SIGTERM)
    code = wait_for(child.pid)
    signal.alarm(0)
    left = wait_for_the_rest()
    Path(report).write_text("".join(line + "\n" for line in left))
    return code


def end(pid):
    send(pid, signal.SIGTERM)
    signal.alarm(GRACE)


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):  # it has ended at this moment
        os.kill(pid, number)


def tell_the_kernel(option, value):
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def wait_for(wanted):
    """Reaps children that have ended: a zombie would look like a leftover process."""
    while True:
        pid, status = os.wait()
        if pid == wanted:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def wait_for_the_rest():
    """Kills processes that have not ended in time; returns their descriptions."""
    signal.signal(signal.SIGALRM, late)
    signal.alarm(GRACE)
    try:
        bury_all()
        return []
    except Late:
        left = []
    finally:
        signal.alarm(0)
    # Its children may become ours when it is killed.
    while True:
        found = children()
        if not found:
            return left
        for pid in found:
            left.append(f"{pid} {describe(pid)}")
            os.kill(pid, signal.SIGKILL)
        for pid in found:
            os.waitpid(pid, 0)


def bury_all():
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def children():
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def describe(pid):
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return words or Path(f"/proc/{pid}/comm").read_text().strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
