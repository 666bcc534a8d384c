"""Who holds each suspect or victim now, as routing told it last: whose officers may open its subscriber records."""

from collections.abc import Sequence
from dataclasses import dataclass

from isp_liaison.domain.entries import EntryId
from isp_liaison.store import tables
from kit.database import Transaction
from kit.rows import arrays_of, inserting

KEEP = inserting(
    tables.holder,
    conflict="""ON CONFLICT (entry) DO UPDATE SET holder_tenant = excluded.holder_tenant, sequence = excluded.sequence
        WHERE holder.sequence < excluded.sequence""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """The tenant that holds an entry as of one of its events; None: nobody does."""

    entry: EntryId
    tenant: str
    testmode: bool
    holder_tenant: str | None
    sequence: int


async def keep(tx: Transaction, holdings: Sequence[Holding]) -> None:
    """Keep the newest of each entry. At most one an entry is given."""
    if holdings:
        await tx.execute(KEEP, arrays_of(tables.holder, holdings))
