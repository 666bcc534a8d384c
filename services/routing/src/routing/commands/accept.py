"""The holder takes responsibility for a suspect or victim."""

from uuid import UUID

from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Conflict, NotFound, or_reject
from routing import events
from routing.domain import assigning
from routing.domain.assigning import Accepted, Assigned, EntryId
from routing.domain.bodies import BodyId
from routing.domain.entries import Entry
from routing.store import assignments, entries
from routing.store.assignments import Held


async def accept(tx: Transaction, assignment: UUID, principal: Principal) -> Accepted:
    """Accept for the caller's body. Raises `NotFound` for what it does not hold, `Conflict` for what is over."""
    _, held = await load(tx, assignment)
    require_open(held)
    accepted = or_reject(assigning.accept(held.assignment, by=BodyId(principal.slug), now=tx.now()))
    await assignments.accept(tx, accepted)
    tx.publish(events.accepted(held.provenance, accepted), events.origin(held.provenance))
    tx.audit(AuditEntry(actor=principal, action="assignment.accepted", subject=str(assignment)))
    return accepted


def require_open(held: Held) -> None:
    """Raises `Conflict` where somebody decided already: the caller reads again."""
    if not isinstance(held.assignment, Assigned | Accepted):
        raise Conflict("assignment.not_open", "The assignment is no longer open.")


async def load(tx: Transaction, assignment: UUID) -> tuple[Entry | None, Held]:
    """An assignment and its entry, locked in that order: the entry first. Raises `NotFound`.

    The entry is None where the assignment is over and the caller may not see the entry any more.
    """
    entry = await assignments.entry_of(tx, assignment)
    if entry is None:
        raise NotFound
    locked = await entries.lock(tx, [EntryId(entry)])
    held = await assignments.lock(tx, assignment)
    if held is None:
        raise NotFound
    return locked.get(entry), held
