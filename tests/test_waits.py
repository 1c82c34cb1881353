"""No test waits for a while or with a limit of its own: a slow day of a machine is no failure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

WAITS = {"wait", "join", "wait_for", "set_default_timeout", "set_default_navigation_timeout", "set_options"}
"""Methods to which a limit may be given by place."""
WHILES = {"wait_for_timeout", "sleep"}
CLOCKS = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "time_ns"}
CONTEXTS = {"new_context", "launch_persistent_context"}


NO_TESTS = {"waits.py", "test_waits.py", "job_kinds.py"}
"""The waits themselves, this file, and work that tests wait for."""


def has_number(node: ast.AST) -> bool:
    return any(
        isinstance(one, ast.Constant) and isinstance(one.value, int | float) and not isinstance(one.value, bool)
        for one in ast.walk(node)
    )


def is_turn(node: ast.Call) -> bool:
    """Whether a call only lets others have their turn: a sleep of nothing."""
    return [one.value for one in node.args if isinstance(one, ast.Constant)] == [0]


def faults_of(path: Path, tree: ast.Module) -> Iterator[str]:
    """What a file waits for that is no condition, or longer or shorter than all others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "setTimeout" in node.value:
            yield f"{path.name}:{node.lineno}: a script waits for a while"
        if isinstance(node, ast.Attribute | ast.Name):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in CLOCKS:
                yield f"{path.name}:{node.lineno}: {name} reads a clock"
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in WHILES and not is_turn(node):
            yield f"{path.name}:{node.lineno}: {name} waits for a while"
        if name in CONTEXTS and path.name != "conftest.py":
            yield f"{path.name}:{node.lineno}: {name} has other limits than open_context"
        limits = [one.value for one in node.keywords if "timeout" in (one.arg or "")]
        if name in WAITS:
            limits += [one for one in node.args if isinstance(one, ast.Constant | ast.BinOp | ast.UnaryOp)]
        if any(has_number(one) for one in limits):
            yield f"{path.name}:{node.lineno}: {name} has a number of its own"


def test_tests_wait_for_conditions_with_the_one_limit(project_root: Path) -> None:
    looked, found = 0, []
    for path in sorted((project_root / "tests").rglob("*.py")):
        if path.name not in NO_TESTS:
            looked += 1
            found += faults_of(path, ast.parse(path.read_text(encoding="utf-8")))
    assert looked > 50
    assert found == [], "use what tests/waits.py declares"


@pytest.mark.parametrize(
    "text",
    [
        "page.wait_for_timeout(500)",
        "time.sleep(1)",
        "expect(a).to_be_visible(timeout=5_000)",
        "server.wait(20)",
        "page.set_default_timeout(LIMIT * 2)",
        "thread.join(5)",
        "run(command, timeout=60)",
        "until = time.monotonic() + 30",
        "asyncio.sleep(0.2)",
        "page.evaluate('() => new Promise((done) => setTimeout(done, 400))')",
        "browser.new_context()",
        "expect.set_options(timeout=30_000)",
        "browser.new_page(default_timeout=3)",
    ],
)
def test_a_wait_of_its_own_is_found(text: str) -> None:
    assert list(faults_of(Path("test_a.py"), ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "server.wait(PATIENCE_S)",
        "a.wait_for(state='attached')",
        "','.join(str(one) for one in (1, 2))",
        "wait_until(holds)",
        "asyncio.sleep(0)",
    ],
)
def test_the_one_limit_is_let_pass(text: str) -> None:
    assert list(faults_of(Path("test_a.py"), ast.parse(text))) == []
