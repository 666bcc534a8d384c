"""Whole batches become one INSERT: columns as arrays, unnested, sorted by primary key (the law of locks)."""

from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import orjson
from sqlalchemy import Column, Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

Row = Mapping[str, Any]

_DIALECT = postgresql.dialect()


def inserting(table: Table, *, once: Collection[str] = (), conflict: str = "") -> TextClause:
    """`INSERT … SELECT … FROM unnest(…) ORDER BY primary key`, with `conflict` (and RETURNING) appended.

    Of the columns named in `once` all rows have the same value, which is sent once.
    """
    names = [column.name for column in table.columns]
    many = [column for column in table.columns if column.name not in once]
    arrays = ", ".join(f"CAST(:{column.name} AS {_wire_type(column.type)}[])" for column in many)
    values = ", ".join(_selected(column, once) for column in table.columns)
    order = ", ".join(f"r.{column.name}" for column in table.primary_key.columns)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} "  # noqa: S608 - names of our own tables
        f"FROM unnest({arrays}) AS r ({', '.join(column.name for column in many)}) ORDER BY {order} {conflict}"
    )


def arrays(table: Table, rows: Sequence[Row], *, once: Collection[str] = ()) -> dict[str, Any]:
    """The parameters of `inserting`: one list a column, `jsonb` as text; `ValueError` where `once` does not hold."""
    return _parameters(table, itemgetter, rows, once)


def arrays_of(table: Table, objects: Sequence[object], *, once: Collection[str] = ()) -> dict[str, Any]:
    """The same for objects whose attributes are named like the columns (`asdict` would copy every explanation)."""
    return _parameters(table, attrgetter, objects, once)


def _parameters(table: Table, getter: Any, rows: Sequence[Any], once: Collection[str]) -> dict[str, Any]:
    found = {column.name: _wire(column.type, list(map(getter(column.name), rows))) for column in table.columns}
    return found | {name: _only(name, found[name]) for name in once}


def _only(name: str, values: list[Any]) -> Any:
    """What all rows have."""
    if values.count(values[0]) != len(values):
        raise ValueError(f"the rows differ in {name}")
    return values[0]


def _selected(column: Column[Any], once: Collection[str]) -> str:
    if column.name in once:
        return f"CAST(:{column.name} AS {column.type.compile(dialect=_DIALECT)})"
    return f"CAST(r.{column.name} AS jsonb)" if isinstance(column.type, JSONB) else f"r.{column.name}"


def _wire(kind: Any, values: list[Any]) -> list[Any]:
    return [_as_text(value) for value in values] if isinstance(kind, JSONB) else values


def _as_text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _wire_type(kind: Any) -> str:
    return "text" if isinstance(kind, JSONB) else kind.compile(dialect=_DIALECT)
