"""Referrals, their versions, payloads and idempotency keys. One statement a table for a whole group."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from kit.database import Transaction
from kit.encryption import Sealed
from kit.executing import Row
from kit.values import value

# Try-locks, in sorted order: in a group nobody may wait for a lock (engineering.md §5.3).
TRY_LOCK = text("""
    SELECT name, pg_try_advisory_xact_lock(hashtextextended('intake.' || name, 0)) AS taken
    FROM unnest(CAST(:names AS text[])) AS wanted (name) ORDER BY name
""")

# Both looks in one: a statement costs more on its way there and back than in the server.
KNOWN = text("""
    SELECT i.key, NULL AS reference, i.referral_id AS id, i.version, NULL AS current, i.body_sha256 AS sha256
    FROM idempotency i WHERE i.tenant = :tenant AND i.key = ANY (CAST(:keys AS text[]))
    UNION ALL
    SELECT NULL, r.reference, r.id, asked.version, r.version, v.content_sha256
    FROM (SELECT DISTINCT reference, version
          FROM unnest(CAST(:references AS text[]), CAST(:versions AS int[])) AS a (reference, version)) AS asked
    JOIN referral r ON r.tenant = :tenant AND r.reference = asked.reference
    LEFT JOIN referral_version v ON v.referral_id = r.id AND v.version = asked.version
""")

RECEIPTS = text("""
    SELECT v.referral_id, v.version, v.receipt, r.number
    FROM unnest(CAST(:referrals AS uuid[]), CAST(:versions AS int[])) AS asked (referral_id, version)
    JOIN referral_version v USING (referral_id, version) JOIN referral r ON r.id = v.referral_id
""")

NUMBERS = text("SELECT nextval('referral_number') AS number FROM generate_series(1, :count)")

INSERT_REFERRALS = text("""
    INSERT INTO referral (id, tenant, number, reference, format, version, key_id, testmode, state, published_to,
                          received_at, updated_at)
    SELECT id, tenant, number, reference, format, version, key_id, testmode, state, 0, received_at, received_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:tenants AS text[]), CAST(:numbers AS text[]),
                CAST(:references AS text[]), CAST(:formats AS text[]), CAST(:versions AS int[]),
                CAST(:keys AS uuid[]), CAST(:testmodes AS boolean[]), CAST(:states AS text[]),
                CAST(:moments AS timestamptz[]))
         AS r (id, tenant, number, reference, format, version, key_id, testmode, state, received_at)
    ORDER BY id
""")

INSERT_VERSIONS = text("""
    INSERT INTO referral_version (referral_id, version, tenant, received_at, media_type, body_sha256,
                                  content_sha256, size, frame, receipt)
    SELECT referral_id, version, tenant, received_at, media_type, body, content, size, CAST(frame AS jsonb), receipt
    FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:tenants AS text[]),
                CAST(:moments AS timestamptz[]), CAST(:types AS text[]), CAST(:bodies AS bytea[]),
                CAST(:contents AS bytea[]), CAST(:sizes AS int[]), CAST(:frames AS text[]),
                CAST(:receipts AS bytea[]))
         AS v (referral_id, version, tenant, received_at, media_type, body, content, size, frame, receipt)
    ORDER BY referral_id, version
""")

INSERT_PAYLOADS = text("""
    INSERT INTO payload (referral_id, version, chunk, tenant, nonce, data)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:chunks AS int[]),
                         CAST(:tenants AS text[]), CAST(:nonces AS bytea[]), CAST(:data AS bytea[]))
    ORDER BY 1, 2, 3
""")

INSERT_KEYS = text("""
    INSERT INTO idempotency (tenant, key, body_sha256, referral_id, version, created_at)
    SELECT * FROM unnest(CAST(:tenants AS text[]), CAST(:keys AS text[]), CAST(:bodies AS bytea[]),
                         CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:moments AS timestamptz[]))
    ORDER BY 1, 2
""")

LOCK = text("""
    SELECT id, number, reference, format, version, key_id, testmode, state, published_to, tenant
    FROM referral WHERE id = :id FOR UPDATE
""")

KEY_OF = text("SELECT key_id FROM referral WHERE id = :id")

SET_VERSION = text("UPDATE referral SET version = :version, updated_at = :now WHERE id = :id")

SET_PUBLISHED = text("UPDATE referral SET published_to = :to, published_at = :now, state = :state WHERE id = :id")

FRAME = text("""
    SELECT frame, received_at, version FROM referral_version WHERE referral_id = :id AND version = :version
""")

EXPIRE_KEYS = text("""
    WITH old AS (SELECT tenant, key FROM idempotency WHERE created_at < :before
                 ORDER BY tenant, key LIMIT :chunk FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency i USING old WHERE i.tenant = old.tenant AND i.key = old.key
""")


@value
class NewVersion:
    """A version as stored, with its sealed payload."""

    referral: UUID
    version: int
    tenant: str
    received_at: datetime
    media_type: str
    body_sha256: bytes
    content_sha256: bytes
    size: int
    frame: Mapping[str, Any]
    receipt: bytes
    payload: Sequence[Sealed]
    idempotency_key: str | None


@value
class NewReferral:
    """A referral as stored, with its first version."""

    number: str
    reference: str
    format: str
    key: UUID
    testmode: bool
    state: str
    first: NewVersion


async def try_lock(tx: Transaction, names: Sequence[str]) -> set[str]:
    """The names that nobody else holds now, taken until the end of the transaction."""
    rows = await tx.rows(TRY_LOCK, {"names": sorted(names)})
    return {row.name for row in rows if row.taken}


async def insert(tx: Transaction, referrals: Sequence[NewReferral]) -> None:
    """New referrals with their first versions."""
    if not referrals:
        return
    await tx.execute(
        INSERT_REFERRALS,
        {
            "ids": [one.first.referral for one in referrals],
            "tenants": [one.first.tenant for one in referrals],
            "numbers": [one.number for one in referrals],
            "references": [one.reference for one in referrals],
            "formats": [one.format for one in referrals],
            "versions": [one.first.version for one in referrals],
            "keys": [one.key for one in referrals],
            "testmodes": [one.testmode for one in referrals],
            "states": [one.state for one in referrals],
            "moments": [one.first.received_at for one in referrals],
        },
    )
    await insert_versions(tx, [one.first for one in referrals])


async def insert_versions(tx: Transaction, versions: Sequence[NewVersion]) -> None:
    """Versions, their payloads and the keys under which they were posted."""
    await tx.execute(
        INSERT_VERSIONS,
        {
            "ids": [one.referral for one in versions],
            "versions": [one.version for one in versions],
            "tenants": [one.tenant for one in versions],
            "moments": [one.received_at for one in versions],
            "types": [one.media_type for one in versions],
            "bodies": [one.body_sha256 for one in versions],
            "contents": [one.content_sha256 for one in versions],
            "sizes": [one.size for one in versions],
            "frames": [orjson.dumps(one.frame).decode() for one in versions],
            "receipts": [one.receipt for one in versions],
        },
    )
    await insert_payload(
        tx,
        [
            Chunk(referral=one.referral, version=one.version, tenant=one.tenant, number=number, sealed=sealed)
            for one in versions
            for number, sealed in enumerate(one.payload)
        ],
    )
    keys = [
        NewKey(
            tenant=one.tenant,
            key=one.idempotency_key,
            body=one.body_sha256,
            referral=one.referral,
            version=one.version,
            at=one.received_at,
        )
        for one in versions
        if one.idempotency_key is not None
    ]
    await remember(tx, keys)


@value
class Chunk:
    """A piece of a version's raw body; numbered from 0."""

    referral: UUID
    version: int
    tenant: str
    number: int
    sealed: Sealed


async def insert_payload(tx: Transaction, chunks: Sequence[Chunk]) -> None:
    """Pieces of raw bodies."""
    if not chunks:
        return
    await tx.execute(
        INSERT_PAYLOADS,
        {
            "ids": [one.referral for one in chunks],
            "versions": [one.version for one in chunks],
            "chunks": [one.number for one in chunks],
            "tenants": [one.tenant for one in chunks],
            "nonces": [one.sealed.nonce for one in chunks],
            "data": [one.sealed.data for one in chunks],
        },
    )


@value
class NewKey:
    """An idempotency key and what it stands for."""

    tenant: str
    key: str
    body: bytes
    referral: UUID
    version: int
    at: datetime


async def remember(tx: Transaction, keys: Sequence[NewKey]) -> None:
    """Idempotency keys that were not known."""
    if not keys:
        return
    await tx.execute(
        INSERT_KEYS,
        {
            "tenants": [one.tenant for one in keys],
            "keys": [one.key for one in keys],
            "bodies": [one.body for one in keys],
            "ids": [one.referral for one in keys],
            "versions": [one.version for one in keys],
            "moments": [one.at for one in keys],
        },
    )


async def receipts(tx: Transaction, asked: Sequence[tuple[UUID, int]]) -> Mapping[tuple[UUID, int], Row]:
    """Receipts as they were given, by referral and version."""
    if not asked:
        return {}
    rows = await tx.rows(
        RECEIPTS, {"referrals": [one for one, _ in asked], "versions": [version for _, version in asked]}
    )
    return {(row.referral_id, row.version): row for row in rows}


async def numbers(tx: Transaction, count: int) -> list[int]:
    """Fresh numbers; a rollback leaves a gap."""
    return [row.number for row in await tx.rows(NUMBERS, {"count": count})] if count else []
