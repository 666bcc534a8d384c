"""A batch of entries that the partner names no longer: their assignments end, what was asked for them is cancelled."""

from collections.abc import Sequence

from kit.database import Transaction
from kit.values import value
from routing import events
from routing.domain import assigning
from routing.domain.assigning import EntryId, Withdrawn
from routing.domain.entries import EarlyWithdrawal, EntryState
from routing.store import assignments, entries, identification, proposals


@value
class Withdraw:
    """The version of the referral that no longer names the entry."""

    entry: EntryId
    version: int
    tenant: str
    testmode: bool


async def withdraw(tx: Transaction, batch: Sequence[Withdraw]) -> None:
    """End what is open for the entries. One that was told anew in a later version stays as it is.

    One that is unknown is remembered: its report is a dead letter, perhaps, and may be replayed later.
    """
    told = {one.entry: one for one in sorted(batch, key=lambda one: one.version)}
    newest = {entry: one.version for entry, one in told.items()}
    known = await entries.lock(tx, newest)
    early = [
        EarlyWithdrawal(entry=one.entry, version=one.version, tenant=one.tenant, testmode=one.testmode)
        for one in told.values()
        if one.entry not in known
    ]
    await entries.withdraw_early(tx, early)
    ending = {
        entry.id: newest[entry.id]
        for entry in known.values()
        if entry.state is EntryState.OPEN and newest[entry.id] >= entry.version
    }
    if not ending:
        return
    await entries.withdraw(tx, dict(sorted(ending.items())))
    current = await assignments.current(tx, ending)
    asked = await identification.asked(tx, ending)
    await assignments.end(tx, [one for held in current.values() if (one := _ended(tx, held)) is not None])
    await proposals.supersede(tx, [held.assignment.terms.id for held in current.values()])
    await identification.end(tx, ending, state="cancelled", now=tx.now())
    for entry, request in sorted(asked.items()):
        if request.open:
            of = known[entry].provenance
            tx.publish(events.identification_cancelled(of, "withdrawn"), events.origin(of))


def _ended(tx: Transaction, held: assignments.Held) -> Withdrawn | None:
    ended = assigning.withdraw(assigning.still_current(held.assignment), now=tx.now())
    if ended is not None:
        tx.publish(events.withdrawn(held.provenance, ended), events.origin(held.provenance))
    return ended
