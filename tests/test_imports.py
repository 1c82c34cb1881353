"""What the parts import of each other: no circle, and nothing from a part above. Imports inside functions count too."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = (
    ("geodata",),
    ("geodata.records",),
    ("geodata.export",),
    ("geodata.exchange",),
    ("dashboard", "pipelines"),
    ("mosaicos",),
)
"""From the bottom up: a module imports its own layer and those below."""
PACKAGES = sorted({name.partition(".")[0] for layer in LAYERS for name in layer})

Graph = dict[str, set[str]]


def graph_of(sources: dict[str, str]) -> Graph:
    """The modules that each module imports, of those that are given."""
    graph: Graph = {}
    for name, text in sources.items():
        found = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {nearest_module(one.name, sources) for one in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert not node.level, f"{name} imports by a relative path"
                found |= {nearest_module(f"{node.module}.{one.name}", sources) for one in node.names}
        graph[name] = found - {name, ""}
    return graph


def nearest_module(name: str, sources: dict[str, str]) -> str:
    """The module that holds a name; empty where it is none of ours."""
    while name and name not in sources:
        name = name.rpartition(".")[0]
    return name


def layer_of(module: str) -> int:
    """The layer of the longest name that a module begins with."""
    return max(
        (len(name), number)
        for number, layer in enumerate(LAYERS)
        for name in layer
        if f"{module}.".startswith(f"{name}.")
    )[1]


def arrows_up(graph: Graph) -> list[str]:
    """Imports from a layer above."""
    return [f"{one} -> {other}" for one in graph for other in graph[one] if layer_of(other) > layer_of(one)]


@pytest.fixture(scope="module")
def graph() -> Graph:
    sources = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        sources[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(encoding="utf-8")
    return graph_of(sources)


def test_no_module_imports_itself_through_others(graph: Graph) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"A circle of imports: {' <- '.join(error.args[1])}")


def test_no_module_imports_a_layer_above(graph: Graph) -> None:
    assert arrows_up(graph) == []


def test_circles_and_arrows_are_found() -> None:
    made = graph_of(
        {
            "geodata.a": "def f():\n    from geodata.export.b import g",
            "geodata.export.b": "import geodata.records.c\nimport json",
            "geodata.records.c": "from geodata import a",
        }
    )
    assert sorted(arrows_up(made)) == ["geodata.a -> geodata.export.b"]
    with pytest.raises(CycleError):
        TopologicalSorter(made).prepare()


def test_the_records_package_says_what_each_of_its_modules_is_for() -> None:
    folder = ROOT / "geodata" / "records"
    parts = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "versions").exists()}
    parts |= {path.parent.name for path in folder.glob("*/__init__.py")}
    named = set(re.findall(r"``(\w+)``", ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""))
    assert named == parts - {"__init__"}
