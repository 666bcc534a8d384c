"""Functions and classes that nothing names.

By name alone, so a dead function that shares its name with a live one is missed; one that is reported is dead,
unless a framework calls it, which a decorator or a base class of somebody else's tells.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence

from architecture.sources import Function, Source

# Decorators that only change how our own code calls the function; any other one hands it to a framework.
PLAIN = frozenset(
    {
        "abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager",
        "dataclass", "final", "lru_cache", "overload", "override", "property", "runtime_checkable", "staticmethod",
        "total_ordering", "wraps",
    }
)  # fmt: skip
PLAIN_BASES = frozenset(
    {"Protocol", "Generic", "Exception", "ValueError", "RuntimeError", "Enum", "StrEnum", "IntEnum"}
)


def dead(definitions: Sequence[Source], references: Sequence[Source], alive: frozenset[str]) -> Iterator[str]:
    """Definitions in the one that are named nowhere in the other; `alive` are names a framework looks up."""
    named = Counter(name for source in references for name in _names(source))
    ours = {node.name for source in definitions for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)}
    for source in definitions:
        for node in _candidates(source, ours):
            if not named[node.name] and node.name not in alive:
                yield f"{source.at(node)} {node.name} is used nowhere"


def _names(source: Source) -> Iterator[str]:
    """Every use of a name. Importing is no use; a string that is a name may be one (`getattr`, annotations)."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(text)) if text.isidentifier():
                yield text
            case _:
                pass


def _candidates(source: Source, ours: set[str]) -> Iterator[Function | ast.ClassDef]:
    """Definitions that only our own code can call."""
    if "/migrations/0" in source.path:  # Alembic calls these
        return
    foreign = {
        id(method)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ClassDef) and not all(_plain_base(base, ours) for base in node.bases)
        for method in node.body
    }
    for node in ast.walk(source.tree):
        if not isinstance(node, Function | ast.ClassDef) or id(node) in foreign:
            continue
        if not (node.name.startswith("__") or any(_hands_over(each) for each in node.decorator_list)):
            yield node


def _hands_over(decorator: ast.expr) -> bool:
    return _last_word(decorator) not in PLAIN


def _plain_base(base: ast.expr, ours: set[str]) -> bool:
    if isinstance(base, ast.Attribute):  # `logging.Handler` is not our `Handler`
        return base.attr in PLAIN_BASES
    return _last_word(base) in PLAIN_BASES | ours


def _last_word(node: ast.expr) -> str:
    match node:
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last_word(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""
