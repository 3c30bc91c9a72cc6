#!/usr/bin/python3
"""test-server.py PORT: a server that does what a user's programs may do, asked for over HTTP.

.../alloc?mb=N[&child=1]: fills memory, of its own or of a child; .../burn?seconds=N: how many CPUs it got;
.../fork?n=N: how many children it could start; .../sh?c=COMMAND: a shell command's output; else who it is.
"""

import http.server
import os
import subprocess
import sys
import time
import urllib.parse

kept = []


def alloc(mb, child=None):
    if child is None:
        kept.append(bytearray(b"x") * (int(mb) << 20))
        return "allocated"
    return str(subprocess.run([sys.executable, "-c", f"bytearray(b'x') * ({mb} << 20)"]).returncode)


def burn(seconds):
    began, used = time.monotonic(), time.process_time()
    while time.monotonic() - began < float(seconds):
        pass
    return str((time.process_time() - used) / (time.monotonic() - began))


def fork(n):
    started = 0
    try:
        for _ in range(int(n)):
            kept.append(subprocess.Popen(["sleep", "600"]))
            started += 1
    except OSError:
        pass
    return str(started)


def sh(c):
    return subprocess.run(
        ["sh", "-c", c], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    ).stdout


def who():
    with open("/proc/self/cgroup") as group:
        return f"uid {os.getuid()} group {group.read()}"


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        wanted = {"alloc": alloc, "burn": burn, "fork": fork, "sh": sh}.get(url.path.rsplit("/", 1)[-1], who)
        text = wanted(**(dict(urllib.parse.parse_qsl(url.query)) if wanted is not who else {}))
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Server).serve_forever()
