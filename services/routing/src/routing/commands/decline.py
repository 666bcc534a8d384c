"""The holder hands a suspect or victim back; a successor opens in the same transaction."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from contracts import ids
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Rejected, or_reject
from kit.values import value
from routing import events
from routing.application import Application
from routing.commands import deciding
from routing.commands.accept import load, require_open
from routing.domain import assigning
from routing.domain.assigning import MOST_HOPS, AssignmentId, Declining, Handed, Target, Terms
from routing.domain.bodies import BodyId, BodyKind, Directory
from routing.domain.determinations import Stored
from routing.domain.determining import RULES, Branch, Undecided
from routing.domain.entries import Entry, Kind
from routing.store import assignments, determinations, proposals
from routing.store.assignments import Held, Opened


@value
class Decline:
    """Why, and optionally which body the holder believes to have jurisdiction."""

    assignment: UUID
    reason: Declining
    suggested: BodyId | None


async def decline(app: Application, tx: Transaction, command: Decline, principal: Principal) -> Handed:
    """Decline for the caller's body. Raises `NotFound` for what it does not hold, `Rejected` by the rules."""
    directory = app.listed.directory
    entry, held = await load(tx, command.assignment)
    require_open(held)
    handed = or_reject(
        assigning.decline(
            held.assignment,
            by=BodyId(principal.slug),
            reason=command.reason,
            candidates=await _candidates(tx, directory, held, command.suggested),
            centre=directory.centre,
            new=AssignmentId(ids.new()),
            priority=held.provenance.priority,
            now=tx.now(),
        )
    )
    await _save(tx, directory, entry, held, handed, principal)
    detail = {"reason": command.reason.value, "successor": str(handed.successor.terms.id)}
    tx.audit(AuditEntry(actor=principal, action="assignment.declined", subject=str(command.assignment), detail=detail))
    return handed


async def _candidates(tx: Transaction, directory: Directory, held: Held, suggested: BodyId | None) -> Sequence[Target]:
    """The suggested body first, then what lost in the determination, each with its holder of today."""
    today = tx.now().date()
    body = None if suggested is None else directory.bodies.get(suggested)
    if suggested is not None and (body is None or not body.valid(today)):
        raise Rejected("body.unknown", "The directory has no such body today.")
    if body is not None and body.kind is BodyKind.CHILD_PROTECTION:
        raise Rejected("body.no_police", "Child protection is told beside the holder; it never holds.")
    named = [suggested] if suggested is not None else []
    lost = [BodyId(one) for one in await determinations.alternatives(tx, held.determination)]
    return [
        Target(body=one, holder=directory.holder(one, today), copies=_copies(directory, held, one, today))
        for one in (*named, *lost)
        if one in directory.bodies
    ]


def _copies(directory: Directory, held: Held, body: BodyId, on: date) -> tuple[BodyId, ...]:
    """A victim's child protection goes with the police's province; where that is none, who was told stays told."""
    if held.provenance.kind is not Kind.VICTIM:
        return ()
    offices = (directory.child_protection(place, on) for place in directory.bodies[body].coverage if place.province)
    office = next((one for one in offices if one is not None), None)
    return held.assignment.terms.copies if office is None else (office.id,)


async def _save(
    tx: Transaction,
    directory: Directory,
    entry: Entry | None,
    held: Held,
    handed: Handed,
    principal: Principal,
) -> None:
    of, successor = held.provenance, handed.successor
    tenant = of.tenant
    await tx.act_for(principal.tenant, inserting_for=[tenant])  # a successor belongs to the partner of origin
    determination = held.determination
    if entry is not None and handed.ended.terms.hop >= MOST_HOPS:
        versions = await determinations.latest_versions(tx, [entry.id])
        given_up = _too_many_hops(directory, entry, handed.ended.terms, versions.get(entry.id, 0) + 1, tx)
        await determinations.insert(tx, [given_up])
        determination = given_up.id
        tx.publish(events.determined(of, given_up), events.origin(of))
    await assignments.end(tx, [handed.ended])
    await proposals.supersede(tx, [handed.ended.terms.id])
    holder = deciding.tenant_of(directory, successor.terms.holder)
    opened = Opened(assigned=successor, determination=determination, provenance=of, holder_tenant=holder)
    await assignments.open_all(tx, [opened])
    tx.publish(events.handed(of, handed.ended), events.origin(of))
    tx.publish(events.created(of, successor, determination, holder_tenant=holder), events.origin(of))


def _too_many_hops(directory: Directory, entry: Entry, terms: Terms, version: int, tx: Transaction) -> Stored:
    tried = [*terms.tried, terms.holder]
    return Stored(
        id=ids.new(),
        tenant=entry.tenant,
        testmode=entry.testmode,
        entry=entry.id,
        version=version,
        branch=Branch.CENTRE.value,
        body=directory.centre,
        first_hop=None,
        copies=[],
        rule="hops",
        confidence="none",
        country=None,
        province=None,
        municipality=None,
        reason=Undecided.TOO_MANY_HOPS.value,
        snapshot=None,
        directory=directory.version,
        alternatives=[],
        explanation={
            "outcome": {"branch": "centre", "body": directory.centre, "reason": Undecided.TOO_MANY_HOPS.value},
            "declined_by": list(tried),
            "versions": {"rules": RULES, "directory": directory.version},
        },
        as_of=tx.now().date(),
        determined_at=tx.now(),
    )
