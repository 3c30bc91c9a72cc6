# Runs argv on a terminal of its own. What comes from it goes to standard output; each line of standard input
# is typed into it ("^C" is the interrupt key, "hangup" closes the terminal). Ends with the command's exit code.
import os
import pty
import select
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

sources = [terminal, 0]
while terminal in sources:
    for source in select.select(sources, [], [])[0]:
        try:
            data = os.read(source, 4096)
        except OSError:  # EIO: no process has the terminal open any more
            data = b""
        if not data:
            sources.remove(source)
        elif source == terminal:
            os.write(1, data)
        elif data.strip() == b"hangup":
            os.close(terminal)
            sources.remove(terminal)
        else:
            os.write(terminal, data.replace(b"^C\n", b"\x03"))

code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
sys.exit(code if code >= 0 else 128 - code)
