"""JupyterHub's tests that hold for its own LocalProcessSpawner only, and why.

They are run all the same, and must fail: one that passes is an entry too many.
"""

# By the first number of the first version that has the test.
SINCE = {
    3: {
        "test_spawner.py::test_stop_spawner_sigint_fails": "the signal that ended a child of the hub; ours is forgotten",
        "test_spawner.py::test_stop_spawner_stop_now": "the signal that ended a child of the hub; ours is forgotten",
        "test_spawner.py::test_popen_kwargs": "popen_kwargs is LocalProcessSpawner's",
        "test_spawner.py::test_shell_cmd": "shell_cmd is LocalProcessSpawner's",
        "test_api.py::test_progress": "the default event of a spawner without progress; ours has the service's",
        "test_api.py::test_progress_bad_slow": "the default event of a spawner without progress; ours has the service's",
    },
}


def not_ours_of(major):
    """Those of one version of JupyterHub: {file::test: reason}."""
    return {
        name: reason for first, tests in SINCE.items() if major >= first for name, reason in tests.items()
    }
