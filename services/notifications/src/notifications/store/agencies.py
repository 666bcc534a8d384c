"""The directory of bodies as routing tells it: the newest state of each."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from notifications.domain.bodies import Agency, Retired
from notifications.store import tables

SAVE = inserting(
    tables.agency,
    conflict="ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{column.name} = excluded.{column.name}" for column in tables.agency.columns)
    + " WHERE agency.sequence < excluded.sequence",
)
RETIRE = text("""
    WITH told AS (
        SELECT a.id, r.retired_on, r.sequence
        FROM agency a JOIN unnest(CAST(:ids AS text[]), CAST(:dates AS date[]), CAST(:sequences AS bigint[]))
             AS r (id, retired_on, sequence) ON a.id = r.id AND a.sequence < r.sequence
        ORDER BY a.id FOR UPDATE OF a
    )
    UPDATE agency a SET retired_on = told.retired_on, sequence = told.sequence FROM told WHERE a.id = told.id
    RETURNING a.id
""")
# In sorted order, before any row is locked; a new endpoint is no row yet that a retirement could wait for.
TAKE_TURNS = text("""
    SELECT pg_advisory_xact_lock(hashtextextended('notifications.agency ' || id, 0))
    FROM unnest(CAST(:ids AS text[])) AS a (id) ORDER BY id COLLATE "C"
""")
KINDS = text("SELECT id, kind FROM agency WHERE id = ANY (CAST(:ids AS text[]))")
ACTIVE = text("SELECT kind FROM agency WHERE id = :id AND retired_on IS NULL")


async def save(tx: Transaction, agencies: Sequence[Agency]) -> None:
    """Keep what is newer than what is known."""
    if agencies:
        await tx.execute(SAVE, arrays_of(tables.agency, agencies))


async def take_turns(tx: Transaction, ids: Iterable[str]) -> None:
    """Wait for whoever registers an endpoint of one of these bodies or retires it; until this commits they wait."""
    await tx.execute(TAKE_TURNS, {"ids": sorted(set(ids))})


async def retire(tx: Transaction, retired: Sequence[Retired]) -> list[str]:
    """Note who is retired. Returns those of whom nothing newer was known."""
    if not retired:
        return []
    rows = await tx.rows(
        RETIRE,
        {
            "ids": [one.id for one in retired],
            "dates": [one.retired_on for one in retired],
            "sequences": [one.sequence for one in retired],
        },
    )
    return sorted(row.id for row in rows)


async def kinds(tx: Transaction, ids: Iterable[str]) -> dict[str, str]:
    """The kind of each body that is known."""
    wanted = sorted(set(ids))
    return {row.id: row.kind for row in await tx.rows(KINDS, {"ids": wanted})} if wanted else {}


async def active_kind(tx: Transaction, agency: str) -> str | None:
    """The kind of a body that takes assignments; None for one that is unknown or retired."""
    return await tx.scalar(ACTIVE, {"id": agency})
