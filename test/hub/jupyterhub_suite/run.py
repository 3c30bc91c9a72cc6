"""JupyterHub's own tests of spawning and of its proxy, with our classes: python3 run.py [TEST...] [options]

Each TEST is file::test; without any, all of those tests run. Options are pytest's.

Owns which tests those are, and the surroundings: as root, a network and processes of their own, since the
tests' hub has fixed ports and leaves servers behind. The swap is portwrapped.py's.
"""

import os
import sys
from pathlib import Path

import jupyterhub

HERE = Path(__file__).resolve().parent
TESTS = Path(jupyterhub.__file__).resolve().parent / "tests"
FILES = [
    "test_spawner.py",
    "test_named_servers.py",
    "test_proxy.py",
    "test_api.py",
    "test_app.py",
    "test_pages.py",
    "test_internal_ssl_connections.py",
    "test_user.py",
    "test_shares.py",
    "test_unix_socket.py",
]
# Of the files for something else, every test in which something is spawned, proxied or shared.
WORDS = "spawner named proxy spawn server progress slow never stop option resume certs shares unix_socket test_user.py"
# A test that waits for ever fails by its name, with the lines where it waits.
DEADLINE = ["--timeout=180", "--timeout-method=signal"]
# portwrapped.py has a deadline for all tests together and names the last one. This ends what does not end by that.
LIMIT = ["timeout", "--signal=KILL", "1740"]
ALONE = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
WITH_LOOPBACK = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]

pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "portwrapped"]
# The hub lives as long as a module of tests, and answers only while its event loop runs: the tests need the same one.
LOOP = ["-o", "asyncio_default_fixture_loop_scope=module", "-o", "asyncio_default_test_loop_scope=module"]
options = ["-W", "ignore", "--asyncio-mode=auto", *LOOP, *DEADLINE]
# Not every version of JupyterHub has all of them.
files = [str(TESTS / name) for name in FILES if (TESTS / name).exists()]
every = ["-k", " or ".join(WORDS.split()), *files]
named = [str(TESTS / word) for word in sys.argv[1:] if ".py::" in word]
further = [word for word in sys.argv[1:] if ".py::" not in word]
argv = [*pytest, *options, "--rootdir", str(TESTS.parent), *(named or every), *further]
if os.getuid() == 0:
    argv = [*LIMIT, *ALONE, *WITH_LOOPBACK, *argv]
os.environ.update(PYTHONPATH=f"{HERE}:{HERE.parents[2] / 'hub'}", PYTHONDONTWRITEBYTECODE="1")
os.execvp(argv[0], argv)
