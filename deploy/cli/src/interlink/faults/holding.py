"""Promises of routing: one determination for each piece of evidence, and one holder, the one that it names."""

from collections import Counter
from collections.abc import Iterator

from contracts.events.identifications import IdentificationCompleted
from contracts.events.jurisdictions import (
    AssignmentCreated,
    AssignmentDeclined,
    AssignmentWithdrawn,
    JurisdictionDetermined,
)
from interlink.faults.chronicle import TOLD, WITHDRAWN, Chronicle, Determination, Life, listed
from interlink.faults.problems import Problem, doubled, lost, wrong

CENTRE = "centre"
IDENTIFIED = "subscriber_identified"
DECIDED_BY_NOBODY = 1
"""The hop of an assignment before which nobody handed the entry back."""


def held(of: Chronicle) -> Iterator[Problem]:
    """Every standing entry has exactly one current assignment, a withdrawn one none."""
    for entry in sorted(of.standing):
        current = of.of(entry).current
        if not current:
            yield lost(f"{entry} has no current assignment")
        elif len(current) > 1:
            yield doubled(f"{entry} has {len(current)} current assignments: {listed(current)}")
    for entry, life in of.lives.items():
        if entry not in of.standing and life.told and life.current:
            yield lost(f"{entry} was withdrawn and still has {listed(life.current)}")
        withdrawals = sum(isinstance(event, WITHDRAWN) for event in life.told)
        ended = sum(isinstance(record.event, AssignmentWithdrawn) for record in life.ended.values())
        if ended > withdrawals:
            yield doubled(f"{entry} was withdrawn {withdrawals} times, its assignments {ended} times")


def determined(of: Chronicle) -> Iterator[Problem]:
    """Determinations count on, and there are no more of them than evidence: versions told, answers, refusals."""
    identified = Counter(event.entry for event in of.events(IdentificationCompleted) if event.outcome == IDENTIFIED)
    for entry in sorted(of.standing):
        if not of.of(entry).determined:
            yield lost(f"{entry} was never determined")
    for entry, life in of.lives.items():
        made = [event.version for event in life.determined]
        if made != list(range(1, len(made) + 1)):
            yield doubled(f"{entry} has determinations {', '.join(map(str, made))}")
        versions = {event.version for event in life.told if isinstance(event, TOLD)}
        declined = sum(isinstance(record.event, AssignmentDeclined) for record in life.ended.values())
        reasons = len(versions) + identified[entry] + declined
        if len(made) > reasons:
            yield doubled(f"{entry} was determined {len(made)} times, for {reasons} pieces of evidence")


def as_determined(of: Chronicle) -> Iterator[Problem]:
    """Whom a determination names holds it; unless it was handed back, or accepted before newer evidence came."""
    for life in of.lives.values():
        by_id = {event.determination: event for event in life.determined}
        handed_back = {
            record.event.successor for record in life.ended.values() if isinstance(record.event, AssignmentDeclined)
        }
        for assignment, record in life.assigned.items():
            created: AssignmentCreated = record.event  # pyright: ignore[reportAssignmentType]
            made = by_id.get(created.determination)
            if made is None:
                yield lost(f"{assignment} follows from {created.determination}, which stands on no topic")
            elif assignment not in handed_back:
                yield from _named(created, made)
        yield from _newest(life)


def _named(created: AssignmentCreated, made: Determination) -> Iterator[Problem]:
    body, holder, copies = _of(made)
    told = (created.body, created.holder, sorted(created.copies))
    if told != (body, holder, sorted(copies)):
        yield wrong(
            f"{created.assignment} says body, holder and copies {told}, its determination {(body, holder, copies)}"
        )


def _newest(life: Life) -> Iterator[Problem]:
    newest = life.newest
    for assignment, record in life.current.items():
        created: AssignmentCreated = record.event  # pyright: ignore[reportAssignmentType]
        if newest is None or assignment in life.accepted or created.hop > DECIDED_BY_NOBODY:
            continue
        body, _, _ = _of(newest)
        if created.body != body:
            yield wrong(f"{created.entry} is with {created.body}, its newest determination says {body}")


def _of(made: Determination) -> tuple[str, str, list[str]]:
    """Body, holder and copies that a determination names."""
    if isinstance(made, JurisdictionDetermined):
        return made.body, made.first_hop or made.body, made.copies
    return CENTRE, CENTRE, []
