"""Where this service's consumer stands, kept beside its effects.

The position moves in the batch's transaction on condition of its old value. That fences a member that froze
through a rebalance, and a restored database continues from where *it* is: now and then a member compares, also one
that gets no records. The group's offsets in Kafka only feed lag tools.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from kit.database import Database, Transaction
from kit.failures import is_transient

COMPARE_EVERY: Final = 30.0
"""Seconds. A restored database says nothing, and a batch notices only where a position of its own differs."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """One partition of one topic."""

    topic: str
    number: int


class FencedError(Exception):
    """Another member moved the position: this batch belongs to it."""


LOAD = text("""
    SELECT p.topic, p.partition, p.next
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS int[])) AS wanted (topic, number)
    JOIN consumer_position p ON p.topic = wanted.topic AND p.partition = wanted.number
""")

BEGIN = text("""
    INSERT INTO consumer_position (topic, partition, next)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS int[]), CAST(:nexts AS bigint[])) ORDER BY 1, 2
    ON CONFLICT DO NOTHING
""")

MOVE = text("""
    WITH moves AS (
        SELECT * FROM unnest(
            CAST(:topics AS text[]), CAST(:numbers AS int[]), CAST(:olds AS bigint[]), CAST(:nexts AS bigint[])
        ) AS m (topic, number, old, next)
    ), held AS (
        SELECT p.topic, p.partition, m.next
        FROM consumer_position p JOIN moves m ON m.topic = p.topic AND m.number = p.partition AND m.old = p.next
        ORDER BY p.topic, p.partition FOR UPDATE OF p
    )
    UPDATE consumer_position p SET next = held.next
    FROM held WHERE p.topic = held.topic AND p.partition = held.partition
""")

SAME = text("""
    SELECT NOT EXISTS (
        SELECT FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS int[]), CAST(:nexts AS bigint[]))
            AS ours (topic, number, next)
        LEFT JOIN consumer_position p ON p.topic = ours.topic AND p.partition = ours.number
        WHERE p.next IS DISTINCT FROM ours.next
    )
""")


class Comparison:
    """A member's positions beside those of the database, which may have been put back to an earlier state."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due_at = 0.0

    def soon(self) -> None:
        """The next is due: what was away may have come back as something older."""
        self._due_at = 0.0

    async def holds(self, expected: Mapping[Partition, int]) -> bool:
        """Whether the database has the same ones; also True where that is not due yet, or cannot be asked now."""
        if not expected or time.monotonic() < self._due_at:
            return True
        self._due_at = time.monotonic() + COMPARE_EVERY
        try:
            return await self._database.look(SAME, {**_columns(list(expected)), "nexts": list(expected.values())})
        except Exception as error:
            if not is_transient(error):
                raise
            return True


async def load(tx: Transaction, partitions: Sequence[Partition]) -> dict[Partition, int]:
    """The next offset of each partition that has been read before."""
    rows = await tx.rows(LOAD, _columns(partitions))
    return {Partition(row.topic, row.partition): row.next for row in rows}


async def begin(tx: Transaction, nexts: Mapping[Partition, int]) -> None:
    """Enter partitions that were never read; those that were stay as they are."""
    await tx.execute(BEGIN, {**_columns(list(nexts)), "nexts": list(nexts.values())})


async def move(tx: Transaction, olds: Mapping[Partition, int], nexts: Mapping[Partition, int]) -> None:
    """Move each position from its old to its next offset. Raises `FencedError` if one stood elsewhere."""
    partitions = sorted(nexts)
    moved = await tx.execute(
        MOVE,
        {
            **_columns(partitions),
            "olds": [olds[partition] for partition in partitions],
            "nexts": [nexts[partition] for partition in partitions],
        },
    )
    if moved != len(partitions):
        raise FencedError


def _columns(partitions: Sequence[Partition]) -> dict[str, list[object]]:
    return {
        "topics": [partition.topic for partition in partitions],
        "numbers": [partition.number for partition in partitions],
    }
