"""The rows that one accepted file leaves in intake's schema, table by table, so that a reference inserts just these.

They are taken from the second database, where intake accepted the file and no relay took its events away.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from contracts import ids
from interlink.benching.load import Connection, Place, refuse_unexpected
from interlink.benching.posting import CREATED, post
from interlink.benching.scratch import Scratch

TABLES = (
    "referral", "referral_version", "payload", "entry", "entry_part", "idempotency", "event_sequence", "outbox",
    "audit_entry",
)  # fmt: skip
"""In the order in which they can be inserted."""

COLUMNS = """
    SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
    WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attidentity = '' AND attgenerated = ''
    ORDER BY attnum
"""
UNIQUE_TEXTS = frozenset({"number", "reference", "key", "subject"})


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type."""

    name: str
    type: str

    @property
    def wire(self) -> str:
        """The type in which it is sent: arrays of arrays cannot be unnested, so they and documents go as text."""
        return "text" if self.type.endswith("[]") or self.type == "jsonb" else self.type


@dataclass(frozen=True, slots=True)
class Table:
    """One table's rows of the file, as columns."""

    name: str
    columns: Sequence[Column]
    values: Sequence[Sequence[Any]]
    """One sequence a column."""

    @property
    def insert(self) -> str:
        """One statement that inserts all of them."""
        names = ", ".join(column.name for column in self.columns)
        casts = ", ".join(f"{column.name}::{column.type}" for column in self.columns)
        arrays = ", ".join(f"${number}::{column.wire}[]" for number, column in enumerate(self.columns, 1))
        return f"INSERT INTO intake.{self.name} ({names}) SELECT {casts} FROM unnest({arrays}) AS r ({names})"  # noqa: S608 - names of our own tables


async def accepted(scratch: Scratch, body: bytes) -> list[Table]:
    """Let intake accept the file in the second database; every row it wrote. The database is empty before and after."""
    await scratch.empty("intake")
    async with scratch.serving("intake-api") as url:
        connection = await Connection.open(Place.of(url))
        token = scratch.ground.token("referrals:write")
        answer = await connection.ask(post(body, token, "sample"))
        await connection.close()
        refuse_unexpected([answer], CREATED)
    found = [await _table(scratch, name) for name in TABLES]
    await scratch.empty("intake")
    return found


def fresh(sample: Sequence[Table], number: int) -> list[list[Sequence[Any]]]:
    """The same rows under new ids, numbers and keys: the arguments of each table's statement."""
    renamed: dict[UUID, UUID] = {}

    def changed(column: Column, value: Any) -> Any:
        if isinstance(value, UUID):
            return renamed.setdefault(value, ids.new())
        if column.name in UNIQUE_TEXTS and isinstance(value, str):
            return f"{value}-{number}"
        return value

    return [
        [
            [changed(column, value) for value in values]
            for column, values in zip(table.columns, table.values, strict=True)
        ]
        for table in sample
    ]


def bytes_of(sample: Sequence[Table]) -> Mapping[str, int]:
    """Mean length of what is long, by `table.column`: for a reference that makes up its own bytes."""
    found: dict[str, int] = {}
    for table in sample:
        for column, values in zip(table.columns, table.values, strict=True):
            lengths = [len(value) for value in values if isinstance(value, str | bytes)]
            if lengths:
                found[f"{table.name}.{column.name}"] = sum(lengths) // len(lengths)
    return found


async def _table(scratch: Scratch, name: str) -> Table:
    columns = [Column(row["name"], row["type"]) for row in await scratch.rows(COLUMNS, f"intake.{name}")]
    wanted = ", ".join(f"{one.name}::{one.wire}" for one in columns)
    rows = await scratch.rows(f"SELECT {wanted} FROM intake.{name}")  # noqa: S608 - names of our own tables
    values = [[row[position] for row in rows] for position in range(len(columns))]
    return Table(name, columns, values)
