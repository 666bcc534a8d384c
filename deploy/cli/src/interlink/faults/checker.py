"""Conservation, by ids: evidence in, problems out. It knows nothing of how the services work, only what they promise.

    once       every referral answered 2xx stands on the topic once, whole; what was never answered at most once
    held       every accepted suspect and victim has exactly one current assignment
    in order   per (topic, source, subject) the first occurrences of `sequence` are 1, 2, 3, …
    one effect no two events say that the same thing happened; a record that comes twice has the same id
    asked      no line at a provider under two request numbers; what was sent is there, and was answered
    told       who holds something, or has a copy, took a notice of it in, each under one webhook id
    at rest    nothing waits that nobody explains

Not promised: that the evidence is complete; whoever collects it waits until everything is at rest.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from contracts import registry
from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, NoticeAcknowledged
from contracts.events.entries import SuspectReported, VictimReported
from contracts.events.identifications import (
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationSent,
)
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.events.referrals import ReferralReceived
from interlink.faults.evidence import Evidence, Record
from interlink.faults.problems import Kind, Problem

ISSUED = "interlink.notice.issued.v1"
PRODUCING = "production_order"

EFFECTS: dict[type, Callable[[Any], Hashable]] = {
    ReferralReceived: lambda event: event.number,
    SuspectReported: lambda event: (event.suspect, event.version, event.part),
    VictimReported: lambda event: (event.victim, event.version, event.part),
    JurisdictionDetermined: lambda event: event.determination,
    JurisdictionUndetermined: lambda event: event.determination,
    AssignmentCreated: lambda event: event.assignment,
    AssignmentAccepted: lambda event: event.assignment,
    AssignmentMoved: lambda event: event.assignment,
    AssignmentDeclined: lambda event: event.assignment,
    AssignmentWithdrawn: lambda event: event.assignment,
    IdentificationDrafted: lambda event: (event.entry, event.line),
    IdentificationSent: lambda event: (event.entry, event.line),
    IdentificationPreserved: lambda event: (event.entry, event.line),
    IdentificationCompleted: lambda event: (event.entry, event.line),
    DeliverySucceeded: lambda event: event.delivery,
    NoticeAcknowledged: lambda event: event.notice,
}
"""What each event says has happened; two events with different ids and the same effect are a double."""
COMPACTED = frozenset(topic.name for topic in registry.TOPICS if topic.compacted)


def check(seen: Evidence) -> list[Problem]:
    """Everything that is not as promised, the worst first."""
    found = [
        problem
        for promise in (_once, _held, _in_order, _one_effect, _asked, _told, _at_rest)
        for problem in promise(seen)
    ]
    order = list(Kind)
    return sorted(found, key=lambda problem: (order.index(problem.kind), problem.words))


def lost(problems: Iterable[Problem]) -> int:
    """How many things that were accepted are not there."""
    return sum(problem.kind in (Kind.LOST, Kind.UNTOLD) for problem in problems)


def doubled(problems: Iterable[Problem]) -> int:
    """How many things happened twice."""
    return sum(problem.kind is Kind.DOUBLED for problem in problems)


def _once(seen: Evidence) -> Iterator[Problem]:
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    accepted: dict[str, int] = {}
    for answer in seen.answers:
        if answer.taken:
            numbers[answer.reference].add(answer.number)
            accepted[answer.number] = answer.accepted
    for reference, known in numbers.items():
        if len(known) > 1:
            yield _doubled(f"{reference} was answered with {_listed(known)}")
    yield from _whole(seen, numbers, accepted)


def _whole(seen: Evidence, numbers: Mapping[str, set[str]], accepted: Mapping[str, int]) -> Iterator[Problem]:
    """Each number stands for one reference, on the topic, with as many entries as its receipt says."""
    shared = Counter(number for known in numbers.values() for number in known)
    for number, times in shared.items():
        if times > 1:
            yield _lost(f"{number} was given to {times} references")
    received = {event.number for event in _events(seen.records, ReferralReceived)}
    for number in sorted(accepted.keys() - received):
        yield _lost(f"{number} was answered and stands on no topic")
    unanswered = len(seen.posted - numbers.keys())
    if len(received - accepted.keys()) > unanswered:
        yield _doubled(f"{len(received - accepted.keys())} referrals more than answers; {unanswered} had no answer")
    for number, count in accepted.items():
        if len(seen.progress.get(number, ())) != count:
            yield _lost(f"{number} has {len(seen.progress.get(number, ()))} entries, its receipt says {count}")


def _held(seen: Evidence) -> Iterator[Problem]:
    reported = {event.suspect for event in _events(seen.records, SuspectReported)}
    reported |= {event.victim for event in _events(seen.records, VictimReported)}
    current = _current(seen.records)
    for entry in sorted(_accepted(seen)):
        if entry not in reported:
            yield _lost(f"{entry} was accepted and never reported")
        held = current.get(entry, {})
        if not held:
            yield _lost(f"{entry} has no current assignment")
        elif len(held) > 1:
            yield _doubled(f"{entry} has {len(held)} current assignments: {_listed(held)}")


def _in_order(seen: Evidence) -> Iterator[Problem]:
    firsts: defaultdict[tuple[str, str, str], dict[UUID, int]] = defaultdict(dict)
    for record in seen.records:
        told = record.envelope
        if record.topic not in COMPACTED:
            firsts[record.topic, told.source, told.subject].setdefault(told.id, told.sequence)
    for (topic, _, subject), by_id in firsts.items():
        sequences = list(by_id.values())
        if sequences == list(range(1, len(sequences) + 1)):
            continue
        words = f"{topic}, {subject}: sequence {', '.join(map(str, sequences))}"
        repeated = len(set(sequences)) < len(sequences)
        missing = set(range(1, max(sequences) + 1)) - set(sequences)
        yield Problem(kind=Kind.DOUBLED if repeated else Kind.LOST if missing else Kind.REORDERED, words=words)


def _one_effect(seen: Evidence) -> Iterator[Problem]:
    ids: defaultdict[tuple[str, Hashable], set[UUID]] = defaultdict(set)
    for record in seen.records:
        effect = EFFECTS.get(type(record.event))
        if effect is not None:
            ids[type(record.event).__name__, effect(record.event)].add(record.envelope.id)
    for (name, effect), events in ids.items():
        if len(events) > 1:
            yield _doubled(f"{name} of {effect} happened {len(events)} times: events {_listed(events)}")


def _asked(seen: Evidence) -> Iterator[Problem]:
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for line in seen.lines:
        numbers[line.line].add(line.number)
    for line, known in numbers.items():
        if len(known) > 1:
            yield _doubled(f"Line {line} was asked under {_listed(known)}")
    sent = {(event.entry, event.line): event for event in _events(seen.records, IdentificationSent)}
    for _, line in sorted(sent):
        if str(line) not in numbers:
            yield _lost(f"Line {line} was said to be sent; no provider has it")
    for event in _events(seen.records, IdentificationDrafted):
        if (event.entry, event.line) not in sent:
            yield Problem(kind=Kind.WAITING, words=f"Line {event.line} of {event.entry} was drafted and never sent")
    answered = {(event.entry, event.line) for event in _events(seen.records, IdentificationCompleted)}
    preserved = {(event.entry, event.line) for event in _events(seen.records, IdentificationPreserved)}
    for (entry, line), event in sent.items():
        if (entry, line) not in (answered if event.instrument == PRODUCING else answered | preserved):
            yield Problem(kind=Kind.WAITING, words=f"Line {line} of {entry} was sent and never answered")


def _told(seen: Evidence) -> Iterator[Problem]:
    hooks: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for hook in seen.webhooks:
        if hook.type == ISSUED:
            hooks[hook.agency, hook.notice].add(hook.webhook)
    for (agency, notice), known in hooks.items():
        if len(known) > 1:
            yield _doubled(f"{agency} got notice {notice} under {_listed(known)}")
    arrived = {hook.webhook: hook.agency for hook in seen.webhooks}
    told: set[tuple[str, UUID]] = set()
    for event in _events(seen.records, DeliverySucceeded):
        if arrived.get(str(event.delivery)) == event.agency:
            told.add((event.agency, event.referral))
        else:
            yield _untold(f"Delivery {event.delivery} was said to succeed; {event.agency} does not have it")
    for event in _events(seen.records, DeliveryFailed):
        yield _untold(f"Delivery {event.delivery} to {event.agency} failed for good: {event.reason}")
    for agency, referral in sorted(_must_be_told(seen) - told):
        yield _untold(f"{agency} was told nothing of referral {referral}")


def _must_be_told(seen: Evidence) -> set[tuple[str, UUID]]:
    accepted = _accepted(seen)
    return {
        (agency, created.referral)
        for entry, held in _current(seen.records).items()
        if entry in accepted
        for created in held.values()
        for agency in (created.holder, *created.copies)
    }


def _at_rest(seen: Evidence) -> Iterator[Problem]:
    for words in seen.leftovers:
        yield Problem(kind=Kind.WAITING, words=words)


def _current(records: Iterable[Record]) -> dict[UUID, dict[UUID, AssignmentCreated]]:
    """Per entry its assignments that nothing ended."""
    found: defaultdict[UUID, dict[UUID, AssignmentCreated]] = defaultdict(dict)
    ended: set[UUID] = set()
    for record in records:
        match record.event:
            case AssignmentCreated() as event:
                found[event.entry][event.assignment] = event
            case AssignmentMoved() | AssignmentDeclined() | AssignmentWithdrawn() as event:
                ended.add(event.assignment)
            case _:
                continue
    return {
        entry: {assignment: event for assignment, event in held.items() if assignment not in ended}
        for entry, held in found.items()
    }


def _accepted(seen: Evidence) -> frozenset[UUID]:
    return frozenset(entry for entries in seen.progress.values() for entry in entries)


def _events(records: Iterable[Record], model: type[Any]) -> Iterator[Any]:
    return (record.event for record in records if type(record.event) is model)


def _listed(things: Iterable[object]) -> str:
    return " and ".join(sorted(map(str, things)))


def _lost(words: str) -> Problem:
    return Problem(kind=Kind.LOST, words=words)


def _doubled(words: str) -> Problem:
    return Problem(kind=Kind.DOUBLED, words=words)


def _untold(words: str) -> Problem:
    return Problem(kind=Kind.UNTOLD, words=words)
