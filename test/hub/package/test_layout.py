"""The plugin's tree as its imports draw it: no package needs one that needs it, and none is a heap."""

import ast
from collections import defaultdict
from pathlib import Path

PLUGIN = Path(__file__).resolve().parents[3] / "hub/portwrap_spawner"
FILES = sorted(PLUGIN.rglob("*.py"))


def part(path):
    """The package of a file; the file itself beside packages."""
    inside = path.relative_to(PLUGIN)
    return str(inside.parent if len(inside.parts) > 1 else inside.with_suffix(""))


def imports_of(path):
    """The parts that a file imports from by `from .a import b`, `from ..a.b import c` or `from . import a`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            for name in [base, *(base / alias.name for alias in node.names)]:
                if name.with_suffix(".py").is_file():
                    yield part(name.with_suffix(".py"))


def test_no_package_imports_from_one_that_imports_from_it():
    graph = defaultdict(set)
    for path in FILES:
        graph[part(path)].update(set(imports_of(path)) - {part(path)})
    assert graph["spawner"] >= {"form", "outcome", "service", "start"}
    left = {name: set(needs) for name, needs in graph.items()}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


def test_no_package_has_more_than_fifteen_files():
    for folder in {path.parent for path in FILES}:
        assert len([path for path in folder.iterdir() if path.is_file()]) <= 15
