"""The Python sources of the project as the rules see them."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

ROOT = Path(__file__).resolve().parents[2]
CODE = ("shared", "services", "deploy")

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file: its path from the root, with forward slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed module."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """`routing.domain.grading`; for a file outside a `src` folder its path in dots."""
        inner = self.path.partition("/src/")[2] or self.path
        return inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def functions(self) -> list[Function]:
        """Every function and method, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def at(self, node: ast.stmt | ast.expr | ast.alias) -> str:
        """Where a node stands, as editors understand it."""
        return f"{self.path}:{node.lineno}"


def tracked() -> list[str]:
    """Every file that git tracks and that is still there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]


def python(*folders: str) -> list[Source]:
    """Sources under the folders, tracked or just written."""
    return [
        Source(path=path.relative_to(ROOT).as_posix(), text=path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Every call in a tree."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def called(call: ast.Call) -> str:
    """The last word of what is called: `commit` of `connection.commit()`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


def imported(tree: ast.AST) -> Iterator[tuple[ast.alias, str]]:
    """Every imported module by its full name, with the node that imports it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from ((alias, node.module) for alias in node.names)
