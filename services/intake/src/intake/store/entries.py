"""Entries and their sealed parts: inserted, amended and advanced set by set, in the order of their ids."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from intake.domain.priority import Priority
from intake.domain.referral import Kind, Naming, Role
from kit.database import Transaction
from kit.encryption import Sealed
from kit.executing import Row
from kit.values import value

CHUNK: Final = 1_000
FINGERPRINT_BYTES: Final = 16


@value
class NewEntry:
    """One entry as it is written: sealed, hashed, graded. `position` counts over all versions."""

    id: UUID
    position: int
    version: int
    kind: Kind
    role: Role
    naming: Naming
    reference_key: bytes
    digest: bytes
    fingerprints: frozenset[bytes]
    label: Sealed
    parts: tuple[Sealed, ...]
    grade: str
    priority: Priority
    factors: tuple[str, ...]
    handling: str
    review: bool


@value
class OfReferral:
    """An entry with the referral it belongs to."""

    referral: UUID
    tenant: str
    entry: NewEntry


_COLUMNS: Final = """
    CAST(:ids AS uuid[]), CAST(:tenants AS text[]), CAST(:referrals AS uuid[]), CAST(:positions AS int[]),
    CAST(:versions AS int[]), CAST(:kinds AS text[]), CAST(:roles AS text[]), CAST(:reviews AS boolean[]),
    CAST(:namings AS text[]), CAST(:reference_keys AS bytea[]), CAST(:digests AS bytea[]),
    CAST(:fingerprints AS bytea[]), CAST(:label_nonces AS bytea[]), CAST(:label_data AS bytea[]),
    CAST(:parts AS int[]), CAST(:grades AS text[]), CAST(:priorities AS text[]), CAST(:factors AS text[]),
    CAST(:handlings AS text[])
"""
_NAMES: Final = """id, tenant, referral_id, position, version, kind, role, review, naming, reference_key, digest,
    fingerprints, label_nonce, label_data, parts, grade, priority, factors, handling"""

INSERT = text(f"""
    INSERT INTO entry (id, tenant, referral_id, position, version, kind, role, state, review, naming, reference_key,
                       digest, fingerprints, label_nonce, label_data, parts, grade, priority, factors, handling)
    SELECT id, tenant, referral_id, position, version, kind, role, 'current', review, naming, reference_key,
           digest, fingerprints, label_nonce, label_data, parts, grade, priority,
           string_to_array(factors, ','), handling
    FROM unnest({_COLUMNS}) AS e ({_NAMES}) ORDER BY id
""")  # noqa: S608 - constants of this module

AMEND = text(f"""
    WITH given AS (SELECT * FROM unnest({_COLUMNS}) AS e ({_NAMES})),
         locked AS (SELECT id FROM entry WHERE id IN (SELECT id FROM given) ORDER BY id FOR UPDATE)
    UPDATE entry e
    SET version = g.version, role = g.role, state = 'current', review = e.review OR g.review, naming = g.naming,
        reference_key = g.reference_key, digest = g.digest, fingerprints = g.fingerprints,
        label_nonce = g.label_nonce, label_data = g.label_data, parts = g.parts, grade = g.grade,
        priority = g.priority, factors = string_to_array(g.factors, ','), handling = g.handling
    FROM given g JOIN locked USING (id) WHERE e.id = g.id
""")  # noqa: S608 - constants of this module

INSERT_PARTS = text("""
    INSERT INTO entry_part (entry_id, version, part, tenant, nonce, data)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]), CAST(:parts AS int[]),
                         CAST(:tenants AS text[]), CAST(:nonces AS bytea[]), CAST(:data AS bytea[]))
    ORDER BY 1, 2, 3
""")

OF_REFERRAL = text("""
    SELECT id, position, version, kind, state, review, naming, reference_key, digest, fingerprints, priority, handling
    FROM entry WHERE referral_id = :referral ORDER BY id FOR UPDATE
""")

LAST_POSITION = text("SELECT coalesce(max(position), 0) FROM entry WHERE referral_id = :referral")

WITHDRAW = text("""
    WITH gone AS (SELECT id FROM entry WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE)
    UPDATE entry e SET state = 'withdrawn', version = :version FROM gone WHERE e.id = gone.id
""")

REVIEW = text("""
    WITH doubted AS (SELECT id FROM entry WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE)
    UPDATE entry e SET review = true FROM doubted WHERE e.id = doubted.id
""")

NEXT_TO_PUBLISH = text("""
    SELECT id, position, version, kind, role, grade, priority, factors, handling
    FROM entry WHERE referral_id = :referral AND position > :after ORDER BY position LIMIT :limit
""")

# Of those told last: what got lost further back, if anything ever does, holds up nothing.
WINDOW = text("""
    SELECT r.published_at, count(e.id) AS ahead FROM referral r LEFT JOIN entry e
      ON e.referral_id = r.id AND e.position > r.published_to - CAST(:among AS int) AND e.position <= r.published_to
      AND e.determination_sequence = 0 AND e.state = 'current'
    WHERE r.id = :referral GROUP BY r.id
""")

# Up to the entry with which the bytes are too many, but never none: the first is told, however large it is.
PARTS = text("""
    SELECT entry_id, part, nonce, data
    FROM (SELECT p.entry_id, p.part, p.nonce, p.data, asked.place,
                 sum(octet_length(p.data)) OVER (ORDER BY asked.place) AS size_so_far
          FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[]))
               WITH ORDINALITY AS asked (entry_id, version, place)
          JOIN entry_part p USING (entry_id, version)) AS found
    WHERE place = 1 OR size_so_far <= :bytes ORDER BY place, part
""")


async def insert(tx: Transaction, entries: Sequence[OfReferral]) -> None:
    """New entries with their parts, a thousand in a statement."""
    for at in range(0, len(entries), CHUNK):
        chunk = entries[at : at + CHUNK]
        await tx.execute(INSERT, _columns(chunk))
        await _insert_parts(tx, chunk)


async def amend(tx: Transaction, entries: Sequence[OfReferral]) -> None:
    """The new state of known entries, current again where they were not; the parts of earlier versions stay."""
    for at in range(0, len(entries), CHUNK):
        chunk = entries[at : at + CHUNK]
        await tx.execute(AMEND, _columns(chunk))
        await _insert_parts(tx, chunk)


async def withdraw(tx: Transaction, ids: Sequence[UUID], version: int) -> None:
    """The version no longer names these entries."""
    if ids:
        await tx.execute(WITHDRAW, {"ids": sorted(ids), "version": version})


async def ask_for_review(tx: Transaction, ids: Sequence[UUID]) -> None:
    """A person must look at these."""
    if ids:
        await tx.execute(REVIEW, {"ids": sorted(ids)})


async def parts_of(tx: Transaction, entries: Sequence[Row], *, most_bytes: int) -> dict[UUID, list[Sealed]]:
    """The sealed parts, in order, of as many of the entries (`id`, `version`) as have no more bytes together."""
    rows = await tx.rows(
        PARTS,
        {
            "ids": [entry.id for entry in entries],
            "versions": [entry.version for entry in entries],
            "bytes": most_bytes,
        },
    )
    found: dict[UUID, list[Sealed]] = {}
    for row in rows:
        found.setdefault(row.entry_id, []).append(Sealed(bytes(row.nonce), bytes(row.data)))
    return found


def split_fingerprints(stored: bytes) -> frozenset[bytes]:
    """Fingerprints as they are compared; a column holds them one behind the other."""
    return frozenset(stored[at : at + FINGERPRINT_BYTES] for at in range(0, len(stored), FINGERPRINT_BYTES))


async def _insert_parts(tx: Transaction, entries: Sequence[OfReferral]) -> None:
    parts = [(one, number, sealed) for one in entries for number, sealed in enumerate(one.entry.parts, 1)]
    await tx.execute(
        INSERT_PARTS,
        {
            "ids": [one.entry.id for one, _, _ in parts],
            "versions": [one.entry.version for one, _, _ in parts],
            "parts": [number for _, number, _ in parts],
            "tenants": [one.tenant for one, _, _ in parts],
            "nonces": [sealed.nonce for _, _, sealed in parts],
            "data": [sealed.data for _, _, sealed in parts],
        },
    )


def _columns(entries: Sequence[OfReferral]) -> dict[str, list[Any]]:
    news = [one.entry for one in entries]
    return {
        "ids": [new.id for new in news],
        "tenants": [one.tenant for one in entries],
        "referrals": [one.referral for one in entries],
        "positions": [new.position for new in news],
        "versions": [new.version for new in news],
        "kinds": [new.kind for new in news],
        "roles": [new.role for new in news],
        "reviews": [new.review for new in news],
        "namings": [new.naming for new in news],
        "reference_keys": [new.reference_key for new in news],
        "digests": [new.digest for new in news],
        "fingerprints": [b"".join(sorted(new.fingerprints)) for new in news],
        "label_nonces": [new.label.nonce for new in news],
        "label_data": [new.label.data for new in news],
        "parts": [len(new.parts) for new in news],
        "grades": [new.grade for new in news],
        "priorities": [new.priority for new in news],
        "factors": [",".join(new.factors) for new in news],
        "handlings": [new.handling for new in news],
    }
