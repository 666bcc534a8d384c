"""Who saw or changed what, when and why: append-only, and a change after the fact is found.

An entry is written in the transaction of the act itself. One sealer per service chains the entries within a
second, in the order in which it finds them, and signs the end of the chain: `kit.audit_verification` then finds
an edit, a gap, a cut. Not promised: detection of somebody who holds both the owner's password and the signing
key; therefore every head is also logged, and verification takes such a published head as a witness.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import TextClause, text

from kit import telemetry
from kit.access import CENTRE_TENANT, Principal
from kit.executing import Executing, Row
from kit.outages import POSSIBLE, database_is_away
from kit.time import Clock

log = telemetry.logger(__name__)

INTERVAL: Final = timedelta(milliseconds=800)
"""A second is promised, also for what a process that died has left; the rest is for the sealing itself."""
BATCH: Final = 2000
SETTLED: Final = timedelta(seconds=10)
GENESIS: Final = bytes(32)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

INSERT_ENTRIES = text("""
    INSERT INTO audit_entry (at, actor, client, tenant, action, subject, purpose, detail, request_id)
    SELECT :at, actor, client, tenant, action, subject, purpose, CAST(detail AS jsonb), request_id
    FROM unnest(CAST(:actors AS text[]), CAST(:clients AS text[]), CAST(:tenants AS text[]),
                CAST(:actions AS text[]), CAST(:subjects AS text[]), CAST(:purposes AS text[]),
                CAST(:details AS text[]), CAST(:requests AS text[]))
         AS e (actor, client, tenant, action, subject, purpose, detail, request_id)
""")

# One sealer per schema at a time; the lock ends with the transaction, whoever dies.
ONLY_SEALER = text("SELECT pg_try_advisory_xact_lock(hashtext('kit.audit'), hashtext(current_schema()))")

LAST = text("""
    SELECT (SELECT position FROM audit_seal ORDER BY position DESC LIMIT 1) AS position,
           (SELECT hash FROM audit_seal ORDER BY position DESC LIMIT 1) AS hash,
           (SELECT sealed_up_to FROM audit_head) AS sealed_up_to,
           current_schema() AS schema,
           pg_postmaster_start_time() AS started,
           (SELECT max(id) FROM audit_entry) AS newest,
           CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) AS oldest
""")

# The detail is hashed as the text that Postgres makes of it: no number passes through a float.
COLUMNS: Final = """e.id, e.at, e.actor, e.client, e.tenant, e.action, e.subject, e.purpose, e.request_id,
    CAST(e.detail AS text) AS detail"""

# LATERAL and LIMIT, so that the planner follows both indexes from the floor on: it cannot know how few are above it.
_UNSEALED: Final = """
    FROM audit_entry e
    LEFT JOIN LATERAL (SELECT s.entry FROM audit_seal s WHERE s.entry = e.id LIMIT 1) AS seal ON true
    WHERE e.id > coalesce((SELECT sealed_up_to FROM audit_head), 0) AND seal.entry IS NULL
    ORDER BY e.id
"""
FIRST_UNSEALED = text(f"SELECT e.id {_UNSEALED} LIMIT 1")
# Our own transaction gets its id after this statement's snapshot, so all who wrote before it are below. The snapshot's
# upper end is not: it follows the last that has ended, and others may be open above it.
OWN: Final = "CAST(CAST(pg_current_xact_id() AS text) AS bigint) AS own"
UNSEALED = text(f"SELECT {COLUMNS}, {OWN} {_UNSEALED} LIMIT :batch")

INSERT_SEALS = text("""
    INSERT INTO audit_seal (position, entry, hash)
    SELECT position, entry, decode(hash, 'hex')
    FROM unnest(CAST(:positions AS bigint[]), CAST(:entries AS bigint[]), CAST(:hashes AS text[]))
         AS s (position, entry, hash)
""")

SET_HEAD = text("""
    INSERT INTO audit_head (position, hash, sealed_at, signature, sealed_up_to)
    VALUES (:position, :hash, :sealed_at, :signature, :sealed_up_to)
    ON CONFLICT (single) DO UPDATE SET position = excluded.position, hash = excluded.hash,
        sealed_at = excluded.sealed_at, signature = excluded.signature, sealed_up_to = excluded.sealed_up_to
""")


RAISE_FLOOR = text("UPDATE audit_head SET sealed_up_to = :floor WHERE sealed_up_to < :floor")


class SystemDatabase(Protocol):
    """The door to the `system` role."""

    async def look(self, statement: TextClause) -> Any:
        """What one statement reads first, without a transaction."""
        ...

    def as_system(self) -> AbstractAsyncContextManager[Executing]:
        """A transaction that commits when left."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `actor` None is the service itself; `detail` holds ids and codes, never personal data."""

    actor: Principal | None
    action: str
    subject: str
    purpose: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    request_id: str | None = field(default_factory=telemetry.request_id)
    """Of the request in which the entry is made, else given: a group commit writes for many requests."""


async def insert(tx: Executing, entries: Sequence[Entry]) -> None:
    """Write the entries in one statement, in their order; called by the transaction's flush."""
    if not entries:
        return
    actors = [entry.actor for entry in entries]
    await tx.execute(
        INSERT_ENTRIES,
        {
            "at": tx.now(),
            "actors": [actor and actor.subject for actor in actors],
            "clients": [actor and actor.client for actor in actors],
            "tenants": [actor.tenant if actor else CENTRE_TENANT for actor in actors],
            "actions": [entry.action for entry in entries],
            "subjects": [entry.subject for entry in entries],
            "purposes": [entry.purpose or (entry.actor and entry.actor.purpose) for entry in entries],
            "requests": [entry.request_id for entry in entries],
            "details": [orjson.dumps(entry.detail).decode() for entry in entries],
        },
    )


def link(previous: bytes, position: int, entry: Row) -> bytes:
    """The hash of one link: the previous one, the position, and every field of the entry (32 bytes)."""
    fields = (
        position,
        entry.id,
        (entry.at - EPOCH) // timedelta(microseconds=1),
        entry.actor,
        entry.client,
        entry.tenant,
        entry.action,
        entry.subject,
        entry.purpose,
        entry.detail,
        entry.request_id,
    )
    return hashlib.sha256(previous + orjson.dumps(fields)).digest()


def signed_text(schema: str, position: int, chain: bytes, sealed_at: datetime) -> bytes:
    """What the head's signature covers; the schema, so that one service's head is no other's."""
    return f"interlink-audit:{schema}:{position}:{chain.hex()}:{sealed_at.isoformat()}".encode()


@dataclass(frozen=True, slots=True)
class _Mark:
    """All entries up to `entry` are sealed once every transaction below `next` has ended.

    True of the server that `started` then: one that was put back to an earlier state gives these numbers again.
    """

    next: int
    entry: int
    at: datetime
    started: datetime


class Sealer:
    """Chains one service's entries; several may run, one works at a time."""

    def __init__(self, database: SystemDatabase, key: bytes, clock: Clock) -> None:
        """`key` is the 32-byte Ed25519 seed of `<SERVICE>_AUDIT_KEY`."""
        self._database = database
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self._clock = clock
        self._mark: _Mark | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until `stop`: at least once a second, at once again while there is a backlog."""
        while not stop.is_set():
            if await self._sealed_quietly() < BATCH:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(INTERVAL.total_seconds()):
                        await stop.wait()
        await self._sealed_quietly()

    async def _sealed_quietly(self) -> int:
        try:
            return await self.run_once() if self._settled() or await self._database.look(FIRST_UNSEALED) else 0
        except POSSIBLE as error:
            if not database_is_away(error):
                raise
            log.warning("audit.not_sealed", reason=type(error).__name__)
            return 0

    async def run_once(self) -> int:
        """Seal what is committed and not sealed, at most a batch. Returns how many were sealed."""
        async with self._database.as_system() as tx:
            if not await tx.scalar(ONLY_SEALER):
                return 0
            last = await tx.row(LAST)
            assert last is not None  # noqa: S101 - a SELECT without FROM has one row
            entries = await tx.rows(UNSEALED, {"batch": BATCH})
            floor = self._floor(last, entries)
            if not entries:
                await tx.execute(RAISE_FLOOR, {"floor": floor})
                return 0
            await self._seal(tx, last, entries, floor)
        telemetry.AUDIT_SEALED.inc(len(entries))
        return len(entries)

    async def _seal(self, tx: Executing, last: Row, entries: Sequence[Row], floor: int) -> None:
        first = (last.position or 0) + 1
        chain = last.hash or GENESIS
        hashes: list[bytes] = []
        for position, entry in enumerate(entries, first):
            chain = link(chain, position, entry)
            hashes.append(chain)
        positions = list(range(first, first + len(entries)))
        await tx.execute(
            INSERT_SEALS,
            {
                "positions": positions,
                "entries": [entry.id for entry in entries],
                "hashes": [one.hex() for one in hashes],
            },
        )
        sealed_at = self._clock.now()
        signature = self._key.sign(signed_text(last.schema, positions[-1], chain, sealed_at))
        await tx.execute(
            SET_HEAD,
            {
                "position": positions[-1],
                "hash": chain,
                "sealed_at": sealed_at,
                "signature": signature,
                "sealed_up_to": floor,
            },
        )
        log.info("audit.sealed", position=positions[-1], chain=chain.hex())  # the published witness

    def _settled(self) -> bool:
        """Whether the mark is so old that the floor may be raised to it, so that nobody looks at what lies below.

        SETTLED covers a transaction that has its id from the sequence and not yet a transaction id.
        """
        return self._mark is not None and self._clock.now() - self._mark.at >= SETTLED

    def _floor(self, last: Row, entries: Sequence[Row]) -> int:
        """Below which no entry can appear any more.

        Ids are given before the commit, so an entry may show up below a sealed one. It cannot once every
        transaction that ran when that one was seen has ended, which the snapshot's oldest transaction says.
        """
        floor: int = last.sealed_up_to or 0
        now = self._clock.now()
        mark = self._mark
        if mark and (mark.started != last.started or (last.newest or 0) < mark.entry):
            self._mark = mark = None
        if mark and last.oldest >= mark.next and self._settled() and len(entries) < BATCH:
            floor = max(floor, mark.entry)
            self._mark = mark = None
        if mark is None and entries:
            self._mark = _Mark(entries[-1].own, entries[-1].id, now, last.started)
        return floor
