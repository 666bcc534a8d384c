"""Who holds a suspect or victim is kept up to date, by the newest of its events."""

from collections.abc import Sequence
from dataclasses import dataclass

from isp_liaison.domain.entries import EntryId
from isp_liaison.store import holders
from isp_liaison.store.holders import Holding
from kit.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What one event says: the tenant that holds the entry, or None where nobody does any more."""

    entry: EntryId
    tenant: str
    testmode: bool
    holder_tenant: str | None
    sequence: int


async def hold(tx: Transaction, batch: Sequence[Hold]) -> None:
    """Keep the newest holding of each entry, whichever event comes first."""
    newest: dict[EntryId, Holding] = {}
    for one in sorted(batch, key=lambda one: one.sequence):
        newest[one.entry] = Holding(
            entry=one.entry,
            tenant=one.tenant,
            testmode=one.testmode,
            holder_tenant=one.holder_tenant,
            sequence=one.sequence,
        )
    await holders.keep(tx, list(newest.values()))
