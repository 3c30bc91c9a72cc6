"""The fork server's life: listen, import, report, and fork a child for each connection. Only the child reads from it.

Not here: what is imported (modules.py), what the child does (join.py, become.py).
"""

import gc
import json
import os
import select
import socket
import struct
import sys

own_directory = sys.path[0]
sys.path[0] = os.path.dirname(own_directory)

from portwrap_preload import become, holes, join, modules, trust  # noqa: E402 (its folder was put into the path just now)

del sys.path[0]

READY = 3
ALIVE = 4
SOCKET = "socket"
LONGEST_QUEUE = 128
# Milliseconds between two looks whether its directory is still there: without it, nobody can connect.
PACE = 60_000

NO_PROFILE = (
    'AppArmor restricts user namespaces on this machine, and the profile "portwrap" is not loaded or this is Linux '
    "before 6.8"
)


def main() -> None:
    settings = json.loads(sys.argv[1])
    modules.end_with(settings["parent"])
    become.note_start()
    join.hide_from_debuggers()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(SOCKET)
    listener.listen(LONGEST_QUEUE)
    directory = os.open(".", os.O_PATH)
    os.chdir("/")
    try:
        if settings["restricted"] and not join.is_in_launch_profile():
            raise modules.Unusable(NO_PROFILE)
        preloaded = modules.preload(settings["modules"])
        trust.check_loaded_files(settings["owner"])
    except modules.Unusable as reason:
        report({"problem": str(reason), "died": isinstance(reason, modules.Died)})
        return
    gc.collect()
    holes.fill()
    gc.freeze()
    modules.outlive_parent()
    report({"modules": len(preloaded.names), "files": preloaded.directories})
    # what a module has printed is not for the logs of servers
    sys.stdout.flush()
    sys.stderr.flush()
    connection = accept_forever(listener, settings["owner"], directory)
    # only a child gets here
    order = join.enter_sandbox(connection)
    become.become_server(order, preloaded)


def report(message: dict) -> None:
    os.write(READY, json.dumps(message).encode() + b"\n")
    os.close(READY)


def accept_forever(listener: socket.socket, owner: int, directory: int) -> socket.socket:
    """Returns in a child, with its connection."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    children: dict[int, int] = {}
    while True:
        events = poll.poll(PACE)
        if not events and os.fstat(directory).st_nlink == 0:
            sys.exit()
        for descriptor, _ in events:
            if descriptor in children:
                poll.unregister(descriptor)
                os.close(descriptor)
                os.waitpid(children.pop(descriptor), 0)
                continue
            connection, _ = listener.accept()
            if peer_of(connection) not in (0, owner):
                connection.close()
                continue
            pid = os.fork()
            if pid == 0:
                listener.close()
                return connection  # join.py closes the other descriptors
            connection.close()
            watched = join.pidfd_open(pid)
            children[watched] = pid
            poll.register(watched, select.POLLIN)


def peer_of(connection: socket.socket) -> int:
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return uid


main()
