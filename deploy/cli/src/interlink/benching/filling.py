"""A database with much behind it: one real suspect's rows, copied under ids and tenants of their own."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg

from interlink.benching.ground import Ground
from interlink.benching.references.sample import COLUMNS
from interlink.benching.scratch import Scratch

A_FILE = 100
"""Suspects in each copied referral."""
TENANTS = 500

NEWEST = "SELECT entry, referral FROM routing.assignment WHERE state = 'assigned' ORDER BY id DESC LIMIT 1"
# a: entry, d: determination, s: assignment; r: the referral of a hundred of them.
NUMBERED = """
    CREATE TABLE public.copies AS
    SELECT number, number / {a_file} AS file, number % {a_file} + 1 AS position, gen_random_uuid() AS a,
           gen_random_uuid() AS d, gen_random_uuid() AS s, md5('r' || number / {a_file})::uuid AS r
    FROM generate_series(0, {rows} - 1) AS number
"""
PARTNER = f"'partner:bureau-n' || n.file % {TENANTS}"
AGENCY = f"'agency:n-' || n.number % {TENANTS}"

# Which row of the stack each table begins with, and what differs in every copy.
EACH_SUSPECT: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "routing.entry": ("id = $1", {"id": "n.a", "referral": "n.r", "investigation": "n.r", "tenant": PARTNER}),
    "routing.entry_part": ("entry = $1", {"entry": "n.a", "tenant": PARTNER}),
    "routing.determination": ("entry = $1", {"id": "n.d", "entry": "n.a", "tenant": PARTNER}),
    "routing.assignment": (
        "entry = $1",
        {"id": "n.s", "entry": "n.a", "referral": "n.r", "investigation": "n.r", "determination": "n.d",
         "tenant": PARTNER, "holder_tenant": AGENCY},
    ),
    "intake.entry": ("id = $1", {"id": "n.a", "referral_id": "n.r", "position": "n.position", "tenant": PARTNER}),
    "intake.entry_part": ("entry_id = $1", {"entry_id": "n.a", "tenant": PARTNER}),
}  # fmt: skip
EACH_FILE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "routing.investigation": (
        "id = (SELECT investigation FROM routing.investigation_referral WHERE referral = $2)",
        {"id": "n.r", "tenant": PARTNER},
    ),
    "routing.investigation_referral": ("referral = $2", {"referral": "n.r", "investigation": "n.r", "tenant": PARTNER}),
    "intake.referral": (
        "id = $2",
        {"id": "n.r", "tenant": PARTNER, "number": "'IL-2025-' || 100000 + n.file", "reference": "'N-' || n.file"},
    ),
    "intake.referral_version": ("referral_id = $2", {"referral_id": "n.r", "tenant": PARTNER}),
}
LARGE = (*EACH_SUSPECT, *EACH_FILE)
"""The tables that no read may go through from end to end."""


async def fill(ground: Ground, second: Scratch, rows: int) -> None:
    """So many suspects in the second database, of intake and routing, with statistics."""
    for table in LARGE:
        await second.execute(f"TRUNCATE {table} CASCADE")
    await second.execute("DROP TABLE IF EXISTS public.copies", NUMBERED.format(rows=rows, a_file=A_FILE))
    connection = await asyncpg.connect(ground.database_url)
    try:
        entry, referral = await connection.fetchrow(NEWEST)
        for table, (where, changed) in {**EACH_SUSPECT, **EACH_FILE}.items():
            await _copy(connection, second, table, where, changed, (entry, referral))
    finally:
        await connection.close()
    await second.execute("DROP TABLE public.copies", *(f"ANALYZE {table}" for table in LARGE))


async def sequential_scans(second: Scratch) -> int:
    """How often a large table was read from end to end since the database was made."""
    seen = await second.rows(
        "SELECT coalesce(sum(seq_scan), 0)::bigint AS scans FROM pg_stat_user_tables "
        "WHERE schemaname || '.' || relname = ANY ($1)",
        list(LARGE),
    )
    return seen[0]["scans"]


async def _copy(
    connection: asyncpg.Connection,
    second: Scratch,
    table: str,
    where: str,
    changed: Mapping[str, str],
    ids: Sequence[UUID],
) -> None:
    """One row of the stack, as often as there are suspects (or files)."""
    one_of = ids[0] if "$1" in where else ids[1]
    source = f"SELECT to_jsonb(t)::text FROM {table} t WHERE {where.replace('$2', '$1')} LIMIT 1"  # noqa: S608 - our own tables
    row: Any = await connection.fetchval(source, one_of)
    columns = [column["name"] for column in await second.rows(COLUMNS, table)]
    values = ", ".join(changed.get(column, f"one.{column}") for column in columns)
    often = "public.copies n" if table in EACH_SUSPECT else "(SELECT * FROM public.copies WHERE position = 1) n"
    quoted = row.replace("'", "''")
    await second.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "  # noqa: S608 - our own tables
        f"FROM {often} CROSS JOIN jsonb_populate_record(NULL::{table}, '{quoted}') AS one"
    )
