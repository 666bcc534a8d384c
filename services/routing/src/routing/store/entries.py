"""Entries, their sealed parts and the answers about them. Locks are taken on the entry first, in order of ids."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays, arrays_of, inserting
from routing.domain.assigning import EntryId
from routing.domain.entries import Answer, EarlyWithdrawal, Entry, EntryState, Kind, Part
from routing.store import tables

ONCE = ("state",)  # all that are inserted are open
INSERT = inserting(tables.entry, once=ONCE, conflict="ON CONFLICT (id) DO NOTHING RETURNING id")

LOCK = text("SELECT * FROM entry WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE")

REPLACE = text("""
    UPDATE entry e
    SET version = r.version, role = r.role, priority = r.priority, handling = r.handling, grade = r.grade,
        offence_type = r.offence_type, offence_basis = r.offence_basis,
        foreign_authority = CAST(r.foreign_authority AS jsonb), incident_at = r.incident_at,
        received_at = r.received_at, factors = CAST(r.factors AS jsonb), state = r.state
    FROM unnest(
        CAST(:id AS uuid[]), CAST(:version AS int[]), CAST(:role AS text[]), CAST(:priority AS text[]),
        CAST(:handling AS text[]), CAST(:grade AS text[]), CAST(:offence_type AS text[]),
        CAST(:offence_basis AS text[]), CAST(:foreign_authority AS text[]), CAST(:incident_at AS timestamptz[]),
        CAST(:received_at AS timestamptz[]), CAST(:factors AS text[]), CAST(:state AS text[])
    ) AS r (id, version, role, priority, handling, grade, offence_type, offence_basis, foreign_authority,
            incident_at, received_at, factors, state)
    WHERE e.id = r.id
""")
_REPLACED = (
    "id", "version", "role", "priority", "handling", "grade", "offence_type", "offence_basis",
    "foreign_authority", "incident_at", "received_at", "factors", "state",
)  # fmt: skip

WITHDRAW = text("""
    UPDATE entry e SET state = 'withdrawn', version = r.version
    FROM unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS r (id, version)
    WHERE e.id = r.id
""")

WITHDRAW_EARLY = inserting(
    tables.early_withdrawal,
    conflict="ON CONFLICT (entry) DO UPDATE SET version = greatest(early_withdrawal.version, excluded.version)",
)
WITHDRAWN_EARLY = text("SELECT entry, version FROM early_withdrawal WHERE entry = ANY (CAST(:ids AS uuid[]))")

INSERT_PARTS = inserting(tables.entry_part, conflict="ON CONFLICT DO NOTHING")

# Versions of which every part is in.
COMPLETE = text("""
    SELECT entry, max(version) AS version
    FROM (SELECT entry, version FROM entry_part WHERE entry = ANY (CAST(:ids AS uuid[]))
          GROUP BY entry, version HAVING count(*) = max(parts)) AS whole
    GROUP BY entry ORDER BY entry
""")

PARTS = text("""
    SELECT p.* FROM entry_part p
    JOIN unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS r (id, version)
      ON p.entry = r.id AND p.version = r.version
    ORDER BY p.entry, p.part
""")

FORGET_OLDER = text("""
    DELETE FROM entry_part p
    USING unnest(CAST(:ids AS uuid[]), CAST(:versions AS int[])) AS r (id, version)
    WHERE p.entry = r.id AND p.version < r.version
""")

INSERT_ANSWERS = inserting(tables.answer, conflict="ON CONFLICT (entry, line) DO NOTHING")

REPLACE_ANSWERS = text("""
    UPDATE answer a
    SET request = r.request, outcome = r.outcome, completed_at = r.completed_at, country = r.country,
        province = r.province, municipality = r.municipality, postal_area = r.postal_area, record = r.record
    FROM unnest(
        CAST(:entry AS uuid[]), CAST(:line AS uuid[]), CAST(:request AS uuid[]), CAST(:outcome AS text[]),
        CAST(:completed_at AS timestamptz[]), CAST(:country AS text[]), CAST(:province AS text[]),
        CAST(:municipality AS text[]), CAST(:postal_area AS text[]), CAST(:record AS uuid[])
    ) AS r (entry, line, request, outcome, completed_at, country, province, municipality, postal_area, record)
    WHERE a.entry = r.entry AND a.line = r.line AND a.completed_at < r.completed_at
""")

ANSWERS = text("""
    SELECT * FROM answer WHERE entry = ANY (CAST(:ids AS uuid[])) ORDER BY entry, completed_at, line
""")


async def insert(tx: Transaction, entries: Sequence[Entry]) -> frozenset[EntryId]:
    """Insert open entries that are not there yet; returns the ids of those that were new."""
    if not entries:
        return frozenset()
    rows = await tx.rows(INSERT, arrays_of(tables.entry, entries, once=ONCE))
    return frozenset(EntryId(id) for (id,) in rows)


async def lock(tx: Transaction, ids: Iterable[EntryId]) -> dict[EntryId, Entry]:
    """The entries that exist (and that the caller may see), locked in order of their ids."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = await tx.rows(LOCK, {"ids": wanted})
    return {EntryId(row.id): _entry(row) for row in rows}


async def replace(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Take over a newer version; the rows are locked already."""
    if entries:
        given = arrays_of(tables.entry, entries)
        await tx.execute(REPLACE, {name: given[name] for name in _REPLACED})


async def withdraw(tx: Transaction, versions: Mapping[EntryId, int]) -> None:
    """The partner names them no longer; the rows are locked already."""
    await tx.execute(WITHDRAW, {"ids": list(versions), "versions": list(versions.values())})


async def withdraw_early(tx: Transaction, withdrawn: Sequence[EarlyWithdrawal]) -> None:
    """Remember what was withdrawn before we knew it, so that its older versions, come late, open nothing."""
    if withdrawn:
        await tx.execute(WITHDRAW_EARLY, arrays_of(tables.early_withdrawal, withdrawn))


async def withdrawn_early(tx: Transaction, ids: Iterable[EntryId]) -> dict[EntryId, int]:
    """The version that withdrew each entry before we knew it; absent for all others."""
    rows = await tx.rows(WITHDRAWN_EARLY, {"ids": list(ids)})
    return {EntryId(row.entry): row.version for row in rows}


async def add_parts(tx: Transaction, parts: Sequence[Part]) -> None:
    """Keep sealed parts; one that is there already stays."""
    if parts:
        await tx.execute(INSERT_PARTS, arrays_of(tables.entry_part, parts))


async def complete_versions(tx: Transaction, ids: Iterable[EntryId]) -> dict[EntryId, int]:
    """The newest version of each entry of which all parts are in."""
    rows = await tx.rows(COMPLETE, {"ids": sorted(set(ids))})
    return {EntryId(row.entry): row.version for row in rows}


async def parts(tx: Transaction, versions: Mapping[EntryId, int]) -> list[Part]:
    """The sealed parts of those versions, in their order."""
    if not versions:
        return []
    rows = await tx.rows(PARTS, {"ids": list(versions), "versions": list(versions.values())})
    return [Part(**{field.name: getattr(row, field.name) for field in fields(Part)}) for row in rows]


async def forget_older(tx: Transaction, versions: Mapping[EntryId, int]) -> None:
    """Drop the sealed parts of versions that are replaced."""
    if versions:
        await tx.execute(FORGET_OLDER, {"ids": list(versions), "versions": list(versions.values())})


async def add_answers(tx: Transaction, given: Sequence[tuple[Answer, Entry]]) -> None:
    """Keep providers' answers; of two about one line the later one counts. At most one a line is given."""
    rows = [{**asdict(one), "tenant": entry.tenant, "testmode": entry.testmode} for one, entry in given]
    if rows:
        columns = arrays(tables.answer, rows)
        await tx.execute(INSERT_ANSWERS, columns)
        await tx.execute(
            REPLACE_ANSWERS, {name: columns[name] for name in columns if name not in ("tenant", "testmode")}
        )


async def answers(tx: Transaction, ids: Iterable[EntryId]) -> dict[EntryId, list[Answer]]:
    """Every answer about those entries."""
    found: dict[EntryId, list[Answer]] = {}
    for row in await tx.rows(ANSWERS, {"ids": sorted(set(ids))}):
        one = Answer(**{field.name: getattr(row, field.name) for field in fields(Answer)})
        found.setdefault(one.entry, []).append(one)
    return found


def _entry(row: Any) -> Entry:
    found: dict[str, Any] = {field.name: getattr(row, field.name) for field in fields(Entry)}
    found |= {
        "id": EntryId(row.id),
        "kind": Kind(row.kind),
        "factors": tuple(row.factors),
        "state": EntryState(row.state),
    }
    return Entry(**found)
