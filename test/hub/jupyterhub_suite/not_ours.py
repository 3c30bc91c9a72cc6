"""JupyterHub's tests that hold for its own LocalProcessSpawner only, and why.

They are run all the same, and must fail: one that passes is an entry too many.
"""

SIGNAL = "it expects the signal that ended a child of the hub; ours is no child, and is forgotten"
EVENT = "it expects the default event of a spawner without progress; ours has the service's"
FORM = "it expects the form of a spawner without one, taken as it is; ours reads the choices of its profiles"

# By the first version that has the test.
SINCE = {
    (3, 0): {
        "test_spawner.py::test_stop_spawner_sigint_fails": SIGNAL,
        "test_spawner.py::test_stop_spawner_stop_now": SIGNAL,
        "test_spawner.py::test_popen_kwargs": "it sets popen_kwargs, which is LocalProcessSpawner's",
        "test_spawner.py::test_shell_cmd": "it sets shell_cmd, which is LocalProcessSpawner's",
        "test_api.py::test_progress": EVENT,
        "test_api.py::test_progress_bad_slow": EVENT,
    },
    (5, 3): {
        "test_spawner.py::test_predefined_options_from_form[default]": FORM,
        "test_spawner.py::test_apply_user_options_dict": "it sets term_timeout, which is LocalProcessSpawner's",
    },
    (6, 0): {
        "test_unix_socket.py::test_unix_socket_proxy": "it expects the command configurable-http-proxy;"
        " PortwrapProxy starts portwrap-proxy",
    },
}


def not_ours_of(version):
    """Those of one version of JupyterHub, a tuple: {file::test: reason}."""
    return {
        name: reason for first, tests in SINCE.items() if version >= first for name, reason in tests.items()
    }
