"""The directory as it was published: what is new or changed is told, what is gone is retired."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import text

from kit.database import Transaction
from kit.rows import arrays_of, inserting
from kit.values import value
from routing.store import tables

# Several processes start at once; one seeds, the others find nothing to do.
ALONE = text("SELECT pg_advisory_xact_lock(hashtext('routing.directory'))")
PUBLISHED = text("SELECT id, fingerprint, retired_on FROM agency")
SAVE = inserting(
    tables.agency,
    conflict="ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{column.name} = excluded.{column.name}" for column in tables.agency.columns),
)
RETIRE = text("""
    UPDATE agency SET retired_on = :on, directory = :directory WHERE id = ANY (CAST(:ids AS text[]))
""")


@value
class Agency:
    """One body as it is published."""

    id: str
    kind: str
    name_en: str
    name_fr: str
    coverage: list[dict[str, str | None]]
    first_hop: str | None
    accepts_direct: bool
    valid_from: date
    valid_to: date | None
    directory: str
    fingerprint: str
    retired_on: date | None = None
    tenant: str = "centre"
    testmode: bool = False


@value
class Published:
    """What is known of a body's last publication; a retired one has no fingerprint."""

    id: str
    fingerprint: str | None


async def published(tx: Transaction) -> dict[str, Published]:
    """Every body ever published. Waits for whoever publishes at the same time."""
    await tx.execute(ALONE)
    rows: Sequence[Any] = await tx.rows(PUBLISHED)
    return {row.id: Published(id=row.id, fingerprint=None if row.retired_on else row.fingerprint) for row in rows}


async def save(tx: Transaction, changed: Sequence[Agency]) -> None:
    """Keep what is published now."""
    if changed:
        await tx.execute(SAVE, arrays_of(tables.agency, changed))


async def retire(tx: Transaction, ids: Sequence[str], *, on: date, directory: str) -> None:
    """Note that these bodies take no more assignments."""
    if ids:
        await tx.execute(RETIRE, {"ids": sorted(ids), "on": on, "directory": directory})
