"""hub/ as an administrator installs it: JupyterHub finds the class by the name "portwrap"."""

import shutil
import subprocess
import sys
from pathlib import Path

HUB = Path(__file__).resolve().parents[3] / "hub"

CHECK = """
from jupyterhub.app import JupyterHub
from portwrap_spawner.form.page import form_without_profiles
app = JupyterHub(spawner_class="portwrap", proxy_class="portwrap")
print(app.spawner_class.__name__, app.proxy_class.__name__, ".pw-profiles {" in form_without_profiles("x"))
"""


def test_the_installed_classes_are_found_by_their_entry_points(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    shutil.copytree(HUB, source, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "--root-user-action=ignore",
            "--target",
            str(target),
            str(source),
        ],
        check=True,
        cwd=tmp_path,
    )
    found = subprocess.run(
        [sys.executable, "-c", CHECK],
        env={"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert found.stdout.split() == ["PortwrapSpawner", "PortwrapProxy", "True"]
