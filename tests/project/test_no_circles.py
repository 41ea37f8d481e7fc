"""Modules of these rooms import each other in one direction only: imports for types and inside functions count as well."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
ROOMS = ["mingcha.protocol.hj212", "mingcha.store.journal", "mingcha.gateway"]
Graph = dict[str, set[str]]


def modules(room: str) -> dict[str, Path]:
    folder = SRC / room.replace(".", "/")
    found = {}
    for path in folder.rglob("*.py"):
        parts = path.relative_to(SRC).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Modules of the room; a name taken from a package is its module of that name, else the package itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module


def graph_of(room: str) -> Graph:
    found = modules(room)
    return {
        name: set(imported(ast.parse(path.read_text(encoding="utf-8")), set(found))) - {name}
        for name, path in found.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Sets of modules that reach each other (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    out: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = stack.index(node)
            found, stack[at:] = stack[at:], []
            if len(found) > 1:
                out.append(sorted(found))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return out


@pytest.mark.parametrize("room", ROOMS)
def test_no_modules_of_a_room_import_each_other_in_a_circle(room: str) -> None:
    graph = graph_of(room)
    assert len(graph) > 20
    assert circles(graph) == []


def test_a_circle_would_be_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
