"""Entries whose evidence is known get a determination, and from it their one current assignment.

Load, decide, save, publish, for a whole batch at once: one statement per table. The entries are locked by whoever
calls, so versions of determinations count without gaps and an entry never gets two holders.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts import ids
from contracts.personal import AttributedCapture, AttributedCaptures
from kit.database import Transaction
from kit.encryption import keyed_hash, to_field
from kit.time import TZDATA
from routing import events
from routing.application import Application
from routing.commands import reading
from routing.commands.reading import Evidence
from routing.domain import assigning
from routing.domain.assigning import AssignmentId, EntryId, Handed, Moving, Proposed, Target
from routing.domain.bodies import BodyId, BodyKind, Directory
from routing.domain.determinations import Stored
from routing.domain.determining import Branch, Determination, Determined, Undetermined, determine
from routing.domain.entries import Answer, Entry
from routing.domain.explaining import explain, snapshots
from routing.store import assignments, determinations, entries, identification, proposals
from routing.store.assignments import Held, Opened, Retold
from routing.store.identification import Asked, Request
from routing.store.proposals import Proposal

CAPTURES_IN_AN_EVENT = 200
BYTES_IN_AN_EVENT = 128 * 1024
"""Of captures; sealed and written as base64 they stay under the 256 KiB of an event (spec §4, size)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What was decided about these entries before; empty for entries that are new."""

    current: Mapping[EntryId, Held] = field(default_factory=dict[EntryId, Held])
    asked: Mapping[EntryId, Asked] = field(default_factory=dict[EntryId, Asked])
    versions: Mapping[EntryId, int] = field(default_factory=dict[EntryId, int])
    answers: Mapping[EntryId, Sequence[Answer]] = field(default_factory=dict[EntryId, Sequence[Answer]])


@dataclass(slots=True)
class Changes:
    """What a batch will write, table by table."""

    determined: list[Stored] = field(default_factory=list[Stored])
    handed: list[Handed] = field(default_factory=list[Handed])
    opened: list[Opened] = field(default_factory=list[Opened])
    proposed: list[Proposal] = field(default_factory=list[Proposal])
    requested: list[Request] = field(default_factory=list[Request])
    moot: list[EntryId] = field(default_factory=list[EntryId])
    judged: list[AssignmentId] = field(default_factory=list[AssignmentId])
    retold: list[Retold] = field(default_factory=list[Retold])


async def load(tx: Transaction, known: Sequence[EntryId]) -> Known:
    """What was decided before about entries that are locked. Assignments are locked too, after their entries."""
    if not known:
        return Known()
    return Known(
        current=await assignments.current(tx, known),
        asked=await identification.asked(tx, known),
        versions=await determinations.latest_versions(tx, known),
        answers=await entries.answers(tx, known),
    )


async def decide(
    app: Application,
    tx: Transaction,
    batch: Sequence[Entry],
    evidence: Mapping[EntryId, Evidence],
    known: Known,
) -> None:
    """Determine, assign and ask for a batch of locked, complete entries."""
    changes = Changes()
    for entry in sorted(batch, key=lambda one: one.id):
        _decide(app, tx, entry, evidence.get(entry.id, Evidence()), known, changes)
    await _save(tx, changes)


def _decide(
    app: Application, tx: Transaction, entry: Entry, evidence: Evidence, known: Known, changes: Changes
) -> None:
    now, directory = tx.now(), app.listed.directory
    facts = reading.facts(entry.role, entry.offence_type, evidence, known.answers.get(entry.id, ()))
    outcome = determine(facts, directory, now.date())
    made = stored(entry, outcome, version=known.versions.get(entry.id, 0) + 1, now=now)
    changes.determined.append(made)
    tx.publish(events.determined(entry.provenance, made), events.origin(entry.provenance))
    _assign(tx, directory, entry, target_of(outcome), made, known.current.get(entry.id), changes)
    _ask(app, tx, entry, outcome, evidence, made, known.asked.get(entry.id, Asked()), changes)


def _assign(
    tx: Transaction,
    directory: Directory,
    entry: Entry,
    target: Target,
    made: Stored,
    held: Held | None,
    changes: Changes,
) -> None:
    now, new, of = tx.now(), AssignmentId(ids.new()), entry.provenance
    if held is None:
        first = assigning.open_first(entry.id, target, new=new, priority=entry.priority, now=now)
        open_one(tx, directory, entry, first, made, changes)
        return
    current = assigning.still_current(held.assignment)
    changes.judged.append(current.terms.id)
    if (held.provenance.priority, held.provenance.handling) != (entry.priority, entry.handling):
        due = assigning.due_at(entry.priority, now)
        changes.retold.append(
            Retold(assignment=current.terms.id, priority=entry.priority, handling=entry.handling, due_at=due)
        )
    match assigning.re_evaluate(current, target, reason=Moving.NEW_EVIDENCE, new=new, priority=entry.priority, now=now):
        case Handed() as moved:
            changes.handed.append(moved)
            tx.publish(events.handed(of, moved.ended), events.origin(of))
            open_one(tx, directory, entry, moved.successor, made, changes)
        case Proposed(assignment=assignment, target=better):
            changes.proposed.append(
                Proposal(
                    id=ids.new(),
                    tenant=of.tenant,
                    testmode=of.testmode,
                    entry=entry.id,
                    assignment=assignment,
                    determination=made.id,
                    body=better.body,
                    holder=better.holder,
                    proposed_at=now,
                )
            )
        case None:
            return


def open_one(
    tx: Transaction,
    directory: Directory,
    entry: Entry,
    assigned: assigning.Assigned,
    made: Stored,
    changes: Changes,
) -> None:
    """Note a new assignment and tell it."""
    of = entry.provenance
    tenant = tenant_of(directory, assigned.terms.holder)
    changes.opened.append(Opened(assigned=assigned, determination=made.id, provenance=of, holder_tenant=tenant))
    tx.publish(events.created(of, assigned, made.id, holder_tenant=tenant), events.origin(of))


def _ask(
    app: Application,
    tx: Transaction,
    entry: Entry,
    outcome: Determination,
    evidence: Evidence,
    made: Stored,
    asked: Asked,
    changes: Changes,
) -> None:
    of, now = entry.provenance, tx.now()
    if asked.open and outcome.civic_address_known:
        changes.moot.append(entry.id)
        tx.publish(events.identification_cancelled(of, "civic_address_known"), events.origin(of))
    key = evidence.key
    if key is None:
        return
    marked = {_mark(app.index_key, one): one for one in reading.attributed(evidence, outcome.ask)}
    wanted = [(mark, one) for mark, one in marked.items() if mark not in asked.marks]
    for chunk in _chunks(wanted):
        changes.requested.append(
            Request(
                id=ids.new(),
                tenant=of.tenant,
                testmode=of.testmode,
                entry=entry.id,
                determination=made.id,
                items=[one.capture.item for _, one in chunk],
                marks=[mark for mark, _ in chunk],
                requested_at=now,
            )
        )
        plain = AttributedCaptures(investigation=entry.investigation, captures=[one for _, one in chunk])
        context = f"{entry.id}:{entry.investigation}".encode()
        sealed = key.encrypt(plain.model_dump_json(exclude_none=True).encode(), context)
        tx.publish(events.identification_requested(entry, to_field(key, sealed), now), events.origin(of))


def _chunks(wanted: Sequence[tuple[str, AttributedCapture]]) -> Iterator[list[tuple[str, AttributedCapture]]]:
    chunk: list[tuple[str, AttributedCapture]] = []
    size = 0
    for mark, one in wanted:
        weight = len(one.model_dump_json(exclude_none=True).encode())
        if chunk and (len(chunk) == CAPTURES_IN_AN_EVENT or size + weight > BYTES_IN_AN_EVENT):
            yield chunk
            chunk, size = [], 0
        chunk.append((mark, one))
        size += weight
    if chunk:
        yield chunk


def _mark(index_key: bytes, one: AttributedCapture) -> str:
    """Knows a capture again in a later version, wherever it stands there."""
    capture = one.capture
    return keyed_hash(index_key, "capture", f"{capture.ip}|{capture.port}|{capture.at}").hex()


async def _save(tx: Transaction, changes: Changes) -> None:
    await determinations.insert(tx, changes.determined)
    await assignments.end(tx, [one.ended for one in changes.handed])
    await assignments.retell(tx, changes.retold)
    await assignments.open_all(tx, changes.opened)
    await proposals.supersede(tx, changes.judged)
    await proposals.insert(tx, changes.proposed)
    await identification.end(tx, changes.moot, state="cancelled", now=tx.now())
    await identification.insert(tx, changes.requested)


def target_of(outcome: Determination) -> Target:
    """Where the entry goes."""
    match outcome:
        case Determined():
            return Target(body=outcome.body, holder=outcome.holder, copies=outcome.copies)
        case Undetermined():
            return Target(body=outcome.centre, holder=outcome.centre)


def tenant_of(directory: Directory, holder: BodyId) -> str:
    """The tenant of a holder: a foreign bureau is a partner, the centre is itself, the rest are agencies."""
    body = directory.bodies.get(holder)
    if body is None or body.kind is BodyKind.CENTRE:
        return "centre"
    return f"partner:{holder}" if body.kind is BodyKind.FOREIGN_BUREAU else f"agency:{holder}"


def stored(entry: Entry, outcome: Determination, *, version: int, now: datetime) -> Stored:
    """An outcome as it is kept."""
    seen = snapshots(outcome)
    base: dict[str, Any] = {
        "id": ids.new(),
        "tenant": entry.tenant,
        "testmode": entry.testmode,
        "entry": entry.id,
        "version": version,
        "snapshot": seen[-1] if seen else None,
        "directory": outcome.reasoning.directory,
        "explanation": explain(outcome, tzdata=TZDATA),
        "alternatives": [one.body for one in outcome.reasoning.candidates],
        "as_of": outcome.reasoning.as_of,
        "determined_at": now,
    }
    match outcome:
        case Determined(place=place):
            return Stored(
                **base,
                branch=outcome.branch.value,
                body=outcome.body,
                first_hop=outcome.first_hop,
                copies=list(outcome.copies),
                rule=outcome.rule,
                confidence=outcome.confidence.value,
                country=place.country,
                province=place.province or outcome.province_hint,
                municipality=place.municipality,
                reason=None,
            )
        case Undetermined():
            return Stored(
                **base,
                branch=Branch.CENTRE.value,
                body=outcome.centre,
                first_hop=None,
                copies=[],
                rule="none",
                confidence="none",
                country=None,
                province=None,
                municipality=None,
                reason=outcome.reason.value,
            )
