"""A key whose event could not be handled is parked: its later events wait here, in order, until a person decides.

The order per key is what handlers rely on, so an event must not pass a dead one of its key, unless its handler
keeps the newest full state anyway (`commutative`). A replay of the dead letter, or its being dropped, releases the
key: what waits is handled in order, and what comes meanwhile goes on waiting behind it. A decision about another
letter of the key, decided before or late, releases nothing: the key knows which one it waits for.

Locks: who parks holds the key's row in share mode, who releases holds it alone, so nothing is parked behind a
release that has just ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import text

from kit.database import Transaction
from kit.outbox import pack, unpack

Key: TypeAlias = tuple[str, bytes]
"""A source topic and a record's key in it."""
Letter: TypeAlias = tuple[Key, str]
"""A dead letter: its record's key, and where in the key's topic it first stood, as partition/offset."""

PARKED = text("""
    SELECT p.topic, p.key
    FROM unnest(CAST(:topics AS text[]), CAST(:keys AS bytea[])) AS asked (topic, key)
    JOIN parked_key p ON p.topic = asked.topic AND p.key = asked.key
    ORDER BY p.topic, p.key FOR SHARE OF p
""")

# What is parked goes on waiting for the same letter; after a release it waits for the new one.
PARK = text("""
    INSERT INTO parked_key (topic, key, state, letter) VALUES (:topic, :key, 'parked', :letter)
    ON CONFLICT (topic, key) DO UPDATE SET state = 'parked', letter = EXCLUDED.letter
    WHERE parked_key.state <> 'parked'
""")

KEEP = text("""
    INSERT INTO parked_record (topic, key, origin, partition, record_offset, timestamp, headers, payload)
    SELECT * FROM unnest(
        CAST(:topics AS text[]), CAST(:keys AS bytea[]), CAST(:origins AS text[]), CAST(:partitions AS int[]),
        CAST(:offsets AS bigint[]), CAST(:timestamps AS bigint[]), CAST(:headers AS bytea[]), CAST(:payloads AS bytea[])
    )
""")

# The letter is forgotten with its release: the build before, which may run beside this one, parks without one.
RELEASE = text("""
    UPDATE parked_key p SET state = 'releasing', letter = NULL
    FROM (SELECT k.topic, k.key FROM parked_key k
          JOIN unnest(CAST(:topics AS text[]), CAST(:keys AS bytea[]), CAST(:letters AS text[]))
            AS decided (topic, key, letter)
            ON k.topic = decided.topic AND k.key = decided.key AND coalesce(k.letter = decided.letter, true)
          ORDER BY k.topic, k.key FOR UPDATE OF k) AS held
    WHERE p.topic = held.topic AND p.key = held.key
""")

NEXT = text("""
    SELECT topic, key FROM parked_key WHERE state = 'releasing'
    ORDER BY topic, key LIMIT 1 FOR UPDATE SKIP LOCKED
""")

CLAIM = text("""
    SELECT true FROM parked_key WHERE topic = :topic AND key = :key AND state = 'releasing' FOR UPDATE SKIP LOCKED
""")

RELEASING = text("SELECT EXISTS (SELECT FROM parked_key WHERE state = 'releasing')")

OLDEST = text("""
    SELECT id, origin AS topic, partition, record_offset, timestamp, key, headers, payload
    FROM parked_record WHERE topic = :topic AND key = :key ORDER BY id LIMIT :limit
""")

FORGET = text("DELETE FROM parked_record WHERE id = ANY (:ids)")

FREE = text("DELETE FROM parked_key WHERE topic = :topic AND key = :key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A record that waits, as it stood on its topic."""

    id: int
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


async def parked(tx: Transaction, keys: set[Key]) -> set[Key]:
    """Those of the keys that are parked, or whose release has not ended."""
    if not keys:
        return set()
    return {(row.topic, bytes(row.key)) for row in await tx.rows(PARKED, _columns(sorted(keys)))}


async def park(tx: Transaction, letter: Letter) -> None:
    """From here on later events of the letter's key wait for a decision about it."""
    (topic, key), place = letter
    await tx.execute(PARK, {"topic": topic, "key": key, "letter": place})


async def keep(tx: Transaction, records: Sequence[tuple[Key, Any]]) -> None:
    """Put records behind their keys' others, in this order."""
    if not records:
        return
    await tx.execute(
        KEEP,
        {
            **_columns([key for key, _ in records]),
            "origins": [record.topic for _, record in records],
            "partitions": [record.partition for _, record in records],
            "offsets": [record.offset for _, record in records],
            "timestamps": [record.timestamp for _, record in records],
            "headers": [pack(record.headers) for _, record in records],
            "payloads": [record.value for _, record in records],
        },
    )


async def release(tx: Transaction, decided: set[Letter]) -> None:
    """What waits for these letters may be handled; keys that are not parked, or wait for another, stay as they are."""
    if decided:
        keys, places = zip(*sorted(decided), strict=True)
        await tx.execute(RELEASE, {**_columns(keys), "letters": list(places)})


async def next_released(tx: Transaction) -> Key | None:
    """A key that is being released and that nobody else works on at the moment."""
    row = await tx.row(NEXT)
    return None if row is None else (row.topic, bytes(row.key))


async def claim(tx: Transaction, key: Key) -> bool:
    """Hold the key until this transaction ends; False where another works on it, or its release has ended."""
    return bool(await tx.scalar(CLAIM, {"topic": key[0], "key": key[1]}))


async def releasing(tx: Transaction) -> bool:
    """Whether a key is still being released, also one that somebody else holds at the moment."""
    return bool(await tx.scalar(RELEASING))


async def oldest(tx: Transaction, key: Key, limit: int) -> list[Waiting]:
    """What waits longest behind a key."""
    rows = await tx.rows(OLDEST, {"topic": key[0], "key": key[1], "limit": limit})
    return [
        Waiting(
            id=row.id,
            topic=row.topic,
            partition=row.partition,
            offset=row.record_offset,
            timestamp=row.timestamp,
            key=bytes(row.key),
            value=None if row.payload is None else bytes(row.payload),
            headers=unpack(bytes(row.headers)),
        )
        for row in rows
    ]


async def forget(tx: Transaction, records: Sequence[Waiting]) -> None:
    """They have come to their end."""
    if records:
        await tx.execute(FORGET, {"ids": [record.id for record in records]})


async def free(tx: Transaction, key: Key) -> None:
    """Nothing waits any more; the next event of the key is handled as it comes."""
    await tx.execute(FREE, {"topic": key[0], "key": key[1]})


def _columns(keys: Sequence[Key]) -> dict[str, list[Any]]:
    return {"topics": [topic for topic, _ in keys], "keys": [key for _, key in keys]}
