"""Events leave with the transaction that caused them.

A row is serialised once, here, and never touched again: the relay sends its bytes. The `sequence` of a subject
is taken from its counter row, whose lock is held until the commit and taken before the rows get their ids, so
that per key ids are in commit order.
"""

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import text

from contracts import envelope, ids, registry
from contracts.envelope import Frame
from contracts.model import Contract
from kit import telemetry
from kit.access import CENTRE_TENANT
from kit.executing import Executing
from kit.migrations.v1 import SHARDS
from kit.values import value

DEAD_LETTER_HEADROOM = 8 * 1024
"""Bytes that a dead letter's headers may add: an event at the limit must still fit as one."""

CONTENT_TYPE = (envelope.CONTENT_TYPE[0], envelope.MEDIA_TYPE)


class OversizeError(ValueError):
    """The event exceeds the limit of its topic. Refused at append, so that no relay ever meets one."""


@value
class Origin:
    """What an event inherits from the referral it belongs to."""

    tenant: str = CENTRE_TENANT
    testmode: bool = False
    handling: str = "NONE"
    priority: str = "P4"
    correlation: UUID | None = None


@dataclass(slots=True)
class Pending:
    """An event waiting for its sequence."""

    id: UUID
    type: registry.EventType
    subject: str
    origin: Origin
    payload: bytes


@value
class Raw:
    """A record sent byte for byte."""

    topic: str
    key: bytes | None
    headers: Sequence[tuple[str, bytes | None]]
    payload: bytes | None


def pending(event: Contract, origin: Origin) -> Pending:
    """Serialise an event. Raises `OversizeError`; `KeyError` for a model that is no registered event."""
    declared = registry.of(type(event))
    payload = event.__pydantic_serializer__.to_json(event, exclude_none=True)  # the bytes, without a text between
    if len(payload) > registry.MAX_EVENT_BYTES - DEAD_LETTER_HEADROOM:
        raise OversizeError(declared.type)
    return Pending(ids.new(), declared, str(getattr(event, declared.key)), origin, payload)


# The conflict branch locks the subject's counter; sorted by the law of locks.
TAKE_SEQUENCES = text("""
    INSERT INTO event_sequence AS s (topic, subject, last)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:subjects AS text[]), CAST(:counts AS bigint[])) ORDER BY 1, 2
    ON CONFLICT (topic, subject) DO UPDATE SET last = s.last + excluded.last
    RETURNING topic, subject, last
""")

APPEND = text("""
    INSERT INTO outbox (shard, topic, key, headers, payload)
    SELECT * FROM unnest(
        CAST(:shards AS smallint[]), CAST(:topics AS text[]), CAST(:keys AS bytea[]),
        CAST(:headers AS bytea[]), CAST(:payloads AS bytea[])
    )
""")


_Texts: TypeAlias = list[tuple[str, str]]


class _Row(NamedTuple):
    """A record as its columns hold it."""

    shard: int
    topic: str
    key: bytes | None
    headers: bytes
    payload: bytes | None


async def append(tx: Executing, events: Sequence[Pending], raw: Sequence[Raw]) -> int:
    """Insert the collected records in the order they were published. Returns how many."""
    if not events and not raw:
        return 0
    rows = await _numbered(tx, events)
    rows += [_Row(shard_of(one.key), one.topic, one.key, pack(one.headers), one.payload) for one in raw]
    shards, topics, keys, headers, payloads = zip(*rows, strict=True)
    await tx.execute(
        APPEND, {"shards": shards, "topics": topics, "keys": keys, "headers": headers, "payloads": payloads}
    )
    return len(rows)


async def _numbered(tx: Executing, events: Sequence[Pending]) -> list[_Row]:
    if not events:
        return []
    counters = [(event.type.topic.name, event.subject) for event in events]
    counts = Counter(counters)
    taken = await tx.rows(
        TAKE_SEQUENCES,
        {
            "topics": [topic for topic, _ in counts],
            "subjects": [subject for _, subject in counts],
            "counts": list(counts.values()),
        },
    )
    last = {(topic, subject): last - counts[topic, subject] for topic, subject, last in taken}
    frames = _Frames(tx.now(), telemetry.traceparent())
    rows: list[_Row] = []
    for event, counter in zip(events, counters, strict=True):
        last[counter] += 1
        rows.append(_row(event, frames.of(event), last[counter]))
    return rows


class _Frames:
    """The attributes that events of one type and of like origin share: made once for all that leave together."""

    def __init__(self, now: datetime, traceparent: str | None) -> None:
        self._now = now
        self._traceparent = traceparent
        self._made: dict[tuple[str, str, bool, str, str], _Texts] = {}

    def of(self, event: Pending) -> _Texts:
        declared, origin = event.type, event.origin
        key = (declared.name, origin.tenant, origin.testmode, origin.handling, origin.priority)
        found = self._made.get(key)
        if found is None:
            frame = Frame(
                type=declared.type,
                source=f"/interlink/{declared.topic.writer}",
                time=self._now,
                dataschema=declared.dataschema,
                tenant=origin.tenant,
                testmode=origin.testmode,
                handling=origin.handling,
                priority=origin.priority,
                traceparent=self._traceparent,
            )
            found = self._made[key] = [*_texts(envelope.framed(frame)), CONTENT_TYPE]
        return found


def _row(event: Pending, frame: _Texts, sequence: int) -> _Row:
    subject, correlation = event.subject, str(event.origin.correlation or event.id)
    own = _texts(envelope.own(event.id, subject, subject, correlation, sequence))
    key = subject.encode()
    return _Row(shard_of(key), event.type.topic.name, key, orjson.dumps([*frame, *own]), event.payload)


def shard_of(key: bytes | None) -> int:
    """The shard of a key: crc32, because Python's `hash` differs from process to process."""
    return zlib.crc32(key or b"") % SHARDS


def pack(headers: Sequence[tuple[str, bytes | None]]) -> bytes:
    """Headers as JSON. Latin-1 maps every byte to one character, so foreign headers survive as they are.

    Kafka lets a header be null; so does this, or a dead letter with one could never be written.
    """
    return orjson.dumps([(name, None if value is None else value.decode("latin-1")) for name, value in headers])


def _texts(attributes: Mapping[str, str]) -> _Texts:
    """Attributes as `pack` writes their headers."""
    return [(envelope.PREFIX + name, text.encode().decode("latin-1")) for name, text in attributes.items()]


def unpack(packed: bytes) -> list[tuple[str, bytes | None]]:
    """The inverse of `pack`."""
    return [(name, None if value is None else value.encode("latin-1")) for name, value in orjson.loads(packed)]
