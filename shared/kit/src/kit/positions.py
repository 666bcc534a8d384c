"""Where this service's consumer stands, kept beside its effects.

The position moves in the batch's transaction on condition of its old value. That fences a member that froze
through a rebalance, and a restored database continues from where *it* is. The group's offsets in Kafka only
feed lag tools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from kit.database import Transaction


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
