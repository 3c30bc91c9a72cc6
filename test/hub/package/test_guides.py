"""The guides' jupyterhub_config.py files: each is loaded, and every setting in it exists."""

import re
from pathlib import Path

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator, DummyAuthenticator
from jupyterhub.proxy import ConfigurableHTTPProxy
from jupyterhub.spawner import Spawner
from traitlets.config import Config

from portwrap_spawner import PortwrapProxy, PortwrapSpawner

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", ROOT / "hub/README.md", *sorted((ROOT / "docs").glob("*.md"))]
KNOWN = [
    JupyterHub,
    Authenticator,
    DummyAuthenticator,
    ConfigurableHTTPProxy,
    Spawner,
    PortwrapProxy,
    PortwrapSpawner,
]
BLOCK = re.compile(r"^( *)```python\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

# Classes of packages that are not installed for these tests; test/ecosystem/ runs what the guides say of them.
OTHERS = {"ProfilesSpawner"}

# What docs/migrating.md moves from: test/ecosystem/migrate.test.ts reads it with the real packages.
MOVED_FROM = re.compile(r'spawner_class = "(jupyterhub\.spawner|(sudo|systemd|batch|docker|kube)spawner)\.')

EXAMPLES = [
    pytest.param(re.sub("^" + indent, "", text, flags=re.MULTILINE), id=f"{page.name}-{number}")
    for page in PAGES
    for number, (indent, text) in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")))
    if "c." in text and not MOVED_FROM.search(text)
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_setting_of_an_example_exists_and_takes_its_value(text, monkeypatch):
    monkeypatch.setenv("PORTWRAP_REAPER_TOKEN", "a-token-that-is-long-enough")
    monkeypatch.setattr(Path, "read_text", lambda self, **_how: "a-token-that-is-long-enough\n")
    config = Config()
    exec(compile(text, "jupyterhub_config.py", "exec"), {"c": config})
    classes = {cls.__name__: cls for cls in KNOWN}
    settings = [(owner, name, value) for owner, section in config.items() for name, value in section.items()]
    assert settings
    for owner, name, value in settings:
        if owner in OTHERS:
            continue
        trait = classes[owner].class_traits(config=True).get(name)
        assert trait is not None, f"{owner}.{name}"
        # Plugins are named by their entry points, which a test of the installed package looks up.
        if not name.endswith("_class"):
            trait._validate(classes[owner].__new__(classes[owner]), value)


def test_the_guides_have_examples():
    assert len(EXAMPLES) >= 5
