"""hub/typings says of JupyterHub what is so: mypy's own comparison with the JupyterHub that is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="this Python has no mypy")
TYPINGS = Path(__file__).resolve().parents[3] / "hub/typings"


def test_the_type_stubs_agree_with_the_installed_jupyterhub(tmp_path):
    modules = [f"jupyterhub.{path.stem}" for path in (TYPINGS / "jupyterhub").glob("[!_]*.pyi")]
    assert len(modules) == 3
    # They describe only what the plugin uses: what they lack is no difference.
    compared = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "mypy.stubtest", "--ignore-missing-stub", *modules],
        env={**os.environ, "MYPYPATH": str(TYPINGS)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert (compared.returncode, compared.stdout) == (0, "Success: no issues found in 3 modules\n")
