"""Promises of liaison: whoever must be identified is asked about, each line once, and every line has its answer."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from contracts.events.identifications import (
    IdentificationCancelled,
    IdentificationCompleted,
    IdentificationDrafted,
    IdentificationPreserved,
    IdentificationRequested,
    IdentificationSent,
)
from contracts.events.jurisdictions import JurisdictionDetermined
from interlink.faults.chronicle import TOLD, Chronicle, Life, listed
from interlink.faults.problems import Problem, doubled, lost, waiting

PRODUCING = "production_order"
UNIDENTIFIED = "canada_unidentified"
ASKABLE = frozenset({"A", "B"})
"""Grades under which every instrument that is asked by itself may be asked."""
OF_A_LINE = (IdentificationDrafted, IdentificationSent, IdentificationPreserved, IdentificationCompleted)


def requested(of: Chronicle) -> Iterator[Problem]:
    """Who must be identified is asked for and drafted; nobody is asked for twice, nothing cancelled twice."""
    drafted = {event.entry for event in of.events(IdentificationDrafted)}
    for entry, life in of.lives.items():
        if entry in of.standing and _must_be_asked(life):
            if not life.asked:
                yield lost(f"{entry} must be identified and was never asked for")
            elif isinstance(life.asked[-1], IdentificationCancelled):
                yield lost(f"{entry} must be identified, and what was asked is cancelled")
            elif entry not in drafted:
                yield lost(f"{entry} was asked for and no line was drafted")
        versions = {event.version for event in life.told if isinstance(event, TOLD)}
        asked = len(life.asked) - life.cancelled
        if asked > len(versions):
            yield doubled(f"{entry} was told in {len(versions)} versions and asked for {asked} times")
        if any(_moot(one) and _moot(after) for one, after in zip([None, *life.asked], life.asked, strict=False)):
            yield doubled(f"What was asked about {entry} was cancelled twice")


def _must_be_asked(life: Life) -> bool:
    newest = max((event for event in life.told if isinstance(event, TOLD)), key=lambda one: one.version, default=None)
    made = life.newest
    return (
        newest is not None
        and newest.grade in ASKABLE
        and isinstance(made, JurisdictionDetermined)
        and made.branch == UNIDENTIFIED
    )


def _moot(event: object) -> bool:
    """Whether nothing is asked: cancelled, or not asked yet."""
    return not isinstance(event, IdentificationRequested)


def lines(of: Chronicle) -> Iterator[Problem]:
    """No line stands at a provider under two request numbers; what was sent is there."""
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for line in of.seen.lines:
        numbers[line.line].add(line.number)
    for line, known in numbers.items():
        if len(known) > 1:
            yield doubled(f"Line {line} was asked under {listed(known)}")
    for line in sorted({event.line for event in of.events(IdentificationSent)}):
        if str(line) not in numbers:
            yield lost(f"Line {line} was said to be sent; no provider has it")


def told_once(of: Chronicle) -> Iterator[Problem]:
    """What becomes of a line is told once for an entry; once more each time it was cancelled and asked again."""
    for model in OF_A_LINE:
        counted = Counter((event.entry, event.line) for event in of.events(model))
        for (entry, line), times in counted.items():
            if times > 1 + of.of(entry).cancelled:
                yield doubled(f"{model.__name__} of {line} for {entry} happened {times} times")


def answered(of: Chronicle) -> Iterator[Problem]:
    """What was drafted was sent, and what was sent was answered; unless it became moot on its way."""
    sent = {(event.entry, event.line): event for event in of.events(IdentificationSent)}
    done = {(event.entry, event.line) for event in of.events(IdentificationCompleted)}
    kept = {(event.entry, event.line) for event in of.events(IdentificationPreserved)}
    ended = {key for key, event in sent.items() if key in (done if event.instrument == PRODUCING else done | kept)}
    drafted = {(event.entry, event.line) for event in of.events(IdentificationDrafted)}
    for entry, line in sorted(drafted - sent.keys()):
        if not of.of(entry).cancelled:
            yield waiting(f"Line {line} of {entry} was drafted and never sent")
    for entry, line in sorted(sent.keys() - ended):
        if not of.of(entry).cancelled:
            yield waiting(f"Line {line} of {entry} was sent and never answered")
    yield from _asked_again(of, {entry for entry, _ in ended})


def _asked_again(of: Chronicle, ended: set[UUID]) -> Iterator[Problem]:
    for entry, life in of.lives.items():
        again = life.cancelled and isinstance(life.asked[-1], IdentificationRequested)
        if again and entry in of.standing and entry not in ended:
            yield waiting(f"{entry} was asked for again, and nothing was answered")
