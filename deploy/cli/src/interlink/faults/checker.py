"""Conservation, by ids: evidence in, problems out. It knows nothing of how the services work, only what they promise.

    once       every referral answered 2xx stands on the topic once, each of its versions too; what was never answered
               at most once
    whole      the entries of the newest version are current, by the references that were posted, each once; those that
               it left out are withdrawn, each once; no entry is told twice in one version
    held       every accepted suspect and victim has exactly one current assignment, a withdrawn one none
    determined no more determinations than evidence; each assignment is as its determination says
    in order   per (topic, source, subject) the first occurrences of `sequence` are 1, 2, 3, …, under the right key
    one effect no two events say that the same thing happened; a record that comes twice has the same id
    asked      who must be identified is asked for and drafted, once; no line at a provider under two request numbers;
               what was sent is there, and was answered
    told       who holds something, or has a copy, took notices in that are about every event of it, each under one
               webhook id; who held something knows that it ended
    at rest    nothing waits that nobody explains

Not promised: that the evidence is complete; whoever collects it waits until everything is at rest.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any
from uuid import UUID

from contracts import registry
from contracts.events.deliveries import DeliverySucceeded, NoticeAcknowledged
from contracts.events.jurisdictions import (
    AssignmentAccepted,
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentMoved,
    AssignmentOverdue,
    AssignmentWithdrawn,
    JurisdictionDetermined,
    JurisdictionUndetermined,
)
from contracts.events.referrals import ReferralAmended, ReferralReceived
from interlink.faults import asking, holding, receiving, telling
from interlink.faults.chronicle import Chronicle, listed
from interlink.faults.evidence import Evidence
from interlink.faults.problems import Kind, Problem, waiting
from interlink.faults.problems import doubled as a_double

EFFECTS: dict[type, Callable[[Any], Hashable]] = {
    ReferralReceived: lambda event: event.number,
    ReferralAmended: lambda event: (event.number, event.version),
    JurisdictionDetermined: lambda event: event.determination,
    JurisdictionUndetermined: lambda event: event.determination,
    AssignmentCreated: lambda event: event.assignment,
    AssignmentAccepted: lambda event: event.assignment,
    AssignmentMoved: lambda event: event.assignment,
    AssignmentDeclined: lambda event: event.assignment,
    AssignmentWithdrawn: lambda event: event.assignment,
    AssignmentOverdue: lambda event: (event.assignment, event.due_at),
    DeliverySucceeded: lambda event: event.delivery,
    NoticeAcknowledged: lambda event: event.notice,
}
"""What each event says has happened; two events with different ids and the same effect are a double."""
COMPACTED = frozenset(topic.name for topic in registry.TOPICS if topic.compacted)


def check(seen: Evidence) -> list[Problem]:
    """Everything that is not as promised, the worst first."""
    of = Chronicle(seen)
    found = [problem for promise in PROMISES for problem in promise(of)]
    order = list(Kind)
    return sorted(found, key=lambda problem: (order.index(problem.kind), problem.words))


def lost(problems: Iterable[Problem]) -> int:
    """How many things that were accepted are not there."""
    return sum(problem.kind in (Kind.LOST, Kind.UNTOLD) for problem in problems)


def doubled(problems: Iterable[Problem]) -> int:
    """How many things happened twice."""
    return sum(problem.kind is Kind.DOUBLED for problem in problems)


def _in_order(of: Chronicle) -> Iterator[Problem]:
    firsts: defaultdict[tuple[str, str, str], dict[UUID, int]] = defaultdict(dict)
    for record in of.seen.records:
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


def _keyed(of: Chronicle) -> Iterator[Problem]:
    """What its order hangs on: every record stands under the id of what it is about."""
    for record in of.seen.records:
        declared = registry.of(type(record.event))
        about = str(getattr(record.event, declared.key))
        keys = (record.key, record.envelope.subject, record.envelope.partitionkey, record.topic)
        if keys != (about, about, about, declared.topic.name):
            yield Problem(kind=Kind.REORDERED, words=f"{declared.type} of {about} stands under {', '.join(keys)}")


def _one_effect(of: Chronicle) -> Iterator[Problem]:
    ids: defaultdict[tuple[str, Hashable], set[UUID]] = defaultdict(set)
    for record in of.seen.records:
        effect = EFFECTS.get(type(record.event))
        if effect is not None:
            ids[type(record.event).__name__, effect(record.event)].add(record.envelope.id)
    for (name, effect), events in ids.items():
        if len(events) > 1:
            yield a_double(f"{name} of {effect} happened {len(events)} times: events {listed(events)}")


def _at_rest(of: Chronicle) -> Iterator[Problem]:
    for words in of.seen.leftovers:
        yield waiting(words)


PROMISES: tuple[Callable[[Chronicle], Iterable[Problem]], ...] = (
    receiving.once,
    receiving.whole,
    receiving.versions,
    holding.held,
    holding.determined,
    holding.as_determined,
    _in_order,
    _keyed,
    _one_effect,
    asking.requested,
    asking.lines,
    asking.told_once,
    asking.answered,
    telling.told,
    telling.fed,
    telling.noticed,
    _at_rest,
)
