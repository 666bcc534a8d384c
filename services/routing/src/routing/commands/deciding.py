"""Entries whose evidence is known get a determination, and from it their one current assignment.

Load, decide, save, publish, for a whole batch at once: one statement per table. The entries are locked by whoever
calls, so versions of determinations count without gaps and an entry never gets two holders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts import ids
from contracts.personal import AttributedCapture, AttributedCaptures
from kit.database import Transaction
from kit.encryption import DataKey, keyed_hash, to_field
from kit.outbox import Origin
from kit.time import TZDATA
from kit.values import value
from routing import events
from routing.application import Application
from routing.commands import reading
from routing.commands.reading import Evidence
from routing.domain import assigning
from routing.domain.assigning import AssignmentId, EntryId, Handed, Moving, Proposed, Target
from routing.domain.bodies import BodyId, BodyKind, Directory
from routing.domain.determinations import Stored
from routing.domain.determining import Branch, Determination, Determined, Undetermined, determine
from routing.domain.entries import Answer, Entry, Provenance
from routing.domain.explaining import explain, snapshots
from routing.store import assignments, determinations, entries, identification, proposals
from routing.store.assignments import Held, Opened, Retold
from routing.store.identification import Asked, Request
from routing.store.proposals import Proposal

CAPTURES_IN_AN_EVENT = 200
BYTES_IN_AN_EVENT = 128 * 1024
"""Of captures; sealed and written as base64 they stay under the 256 KiB of an event (spec §4, size)."""


@value
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
    """Determine, assign and ask for a batch of locked, complete entries; in the order of their ids."""
    deciding = _Deciding(app, tx, known)
    for entry in batch:
        deciding.decide(entry, evidence.get(entry.id, Evidence()))
    await _save(tx, deciding.changes)


class _Deciding:
    """The decisions on a batch, all of one moment."""

    def __init__(self, app: Application, tx: Transaction, known: Known) -> None:
        self._index_key = app.index_key
        self._directory = app.listed.directory
        self._tx = tx
        self._known = known
        self._now = tx.now()
        self.changes = Changes()

    def decide(self, entry: Entry, evidence: Evidence) -> None:
        """Determine one entry, and note and tell what follows."""
        known, of = self._known, entry.provenance
        origin = events.origin(of)
        facts = reading.facts(entry.role, entry.offence_type, evidence, known.answers.get(entry.id, ()))
        outcome = determine(facts, self._directory, self._now.date())
        made = stored(entry, outcome, version=known.versions.get(entry.id, 0) + 1, now=self._now)
        self.changes.determined.append(made)
        self._tx.publish(events.determined(of, made), origin)
        self._assign(of, origin, target_of(outcome), made)
        asked = known.asked.get(entry.id, Asked())
        if asked.open and outcome.civic_address_known:
            self.changes.moot.append(entry.id)
            self._tx.publish(events.identification_cancelled(of, "civic_address_known"), origin)
        if evidence.key is not None and outcome.ask:
            wanted = self._unasked(reading.attributed(evidence, outcome.ask), asked)
            for start in range(0, len(wanted), CAPTURES_IN_AN_EVENT):
                self._ask(entry, of, origin, evidence.key, wanted[start : start + CAPTURES_IN_AN_EVENT], made)

    def _assign(self, of: Provenance, origin: Origin, target: Target, made: Stored) -> None:
        held, new, now = self._known.current.get(of.entry), AssignmentId(ids.new()), self._now
        if held is None:
            first = assigning.open_first(of.entry, target, new=new, priority=of.priority, now=now)
            self._open(of, origin, first, made)
            return
        current = assigning.still_current(held.assignment)
        self.changes.judged.append(current.terms.id)
        if (held.provenance.priority, held.provenance.handling) != (of.priority, of.handling):
            due = assigning.due_at(of.priority, now)
            self.changes.retold.append(
                Retold(assignment=current.terms.id, priority=of.priority, handling=of.handling, due_at=due)
            )
        match assigning.re_evaluate(
            current, target, reason=Moving.NEW_EVIDENCE, new=new, priority=of.priority, now=now
        ):
            case Handed() as moved:
                self.changes.handed.append(moved)
                self._tx.publish(events.handed(of, moved.ended), origin)
                self._open(of, origin, moved.successor, made)
            case Proposed() as proposed:
                self.changes.proposed.append(_proposal(of, proposed, made, now))
            case None:
                return

    def _open(self, of: Provenance, origin: Origin, assigned: assigning.Assigned, made: Stored) -> None:
        """Note a new assignment and tell it."""
        tenant = tenant_of(self._directory, assigned.terms.holder)
        self.changes.opened.append(
            Opened(assigned=assigned, determination=made.id, provenance=of, holder_tenant=tenant)
        )
        self._tx.publish(events.created(of, assigned, made.id, holder_tenant=tenant), origin)

    def _unasked(self, captures: Sequence[AttributedCapture], asked: Asked) -> list[tuple[str, AttributedCapture]]:
        """The captures that no earlier request holds, each once, by their marks."""
        marked = {_mark(self._index_key, one): one for one in captures}
        return [(mark, one) for mark, one in marked.items() if mark not in asked.marks]

    def _ask(
        self,
        entry: Entry,
        of: Provenance,
        origin: Origin,
        key: DataKey,
        wanted: Sequence[tuple[str, AttributedCapture]],
        made: Stored,
    ) -> None:
        """Ask liaison about captures: in one event, or by halves where their texts are too long for one."""
        plain = AttributedCaptures(investigation=entry.investigation, captures=[one for _, one in wanted])
        data = plain.__pydantic_serializer__.to_json(plain, exclude_none=True)
        if len(data) > BYTES_IN_AN_EVENT and len(wanted) > 1:
            middle = len(wanted) // 2
            self._ask(entry, of, origin, key, wanted[:middle], made)
            self._ask(entry, of, origin, key, wanted[middle:], made)
            return
        self.changes.requested.append(
            Request(
                id=ids.new(),
                tenant=of.tenant,
                testmode=of.testmode,
                entry=entry.id,
                determination=made.id,
                items=[one.capture.item for _, one in wanted],
                marks=[mark for mark, _ in wanted],
                requested_at=self._now,
            )
        )
        sealed = key.encrypt(data, f"{entry.id}:{entry.investigation}".encode())
        told = events.identification_requested(entry, of, to_field(key, sealed), self._now)
        self._tx.publish(told, origin)


def _proposal(of: Provenance, proposed: Proposed, made: Stored, now: datetime) -> Proposal:
    return Proposal(
        id=ids.new(),
        tenant=of.tenant,
        testmode=of.testmode,
        entry=of.entry,
        assignment=proposed.assignment,
        determination=made.id,
        body=proposed.target.body,
        holder=proposed.target.holder,
        proposed_at=now,
    )


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
