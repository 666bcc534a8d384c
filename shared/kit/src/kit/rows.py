"""Whole batches become one INSERT: columns as arrays, unnested, sorted by primary key (the law of locks)."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Table, TextClause, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

Row = Mapping[str, Any]

_DIALECT = postgresql.dialect()


def inserting(table: Table, *, conflict: str = "") -> TextClause:
    """`INSERT … SELECT … FROM unnest(…) ORDER BY primary key`, with `conflict` (and RETURNING) appended."""
    names = [column.name for column in table.columns]
    arrays = ", ".join(f"CAST(:{column.name} AS {_wire_type(column.type)}[])" for column in table.columns)
    values = ", ".join(
        f"CAST(r.{column.name} AS jsonb)" if isinstance(column.type, JSONB) else f"r.{column.name}"
        for column in table.columns
    )
    order = ", ".join(f"r.{column.name}" for column in table.primary_key.columns)
    return text(
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} "  # noqa: S608 - names of our own tables
        f"FROM unnest({arrays}) AS r ({', '.join(names)}) ORDER BY {order} {conflict}"
    )


def arrays(table: Table, rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The parameters of `inserting`: one list a column, `jsonb` as text."""
    return {column.name: _wire(column.type, [row[column.name] for row in rows]) for column in table.columns}


def arrays_of(table: Table, objects: Sequence[object]) -> dict[str, list[Any]]:
    """The same for objects whose attributes are named like the columns (`asdict` would copy every explanation)."""
    return {column.name: _wire(column.type, [getattr(one, column.name) for one in objects]) for column in table.columns}


def _wire(kind: Any, values: list[Any]) -> list[Any]:
    return [_as_text(value) for value in values] if isinstance(kind, JSONB) else values


def _as_text(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _wire_type(kind: Any) -> str:
    return "text" if isinstance(kind, JSONB) else kind.compile(dialect=_DIALECT)
