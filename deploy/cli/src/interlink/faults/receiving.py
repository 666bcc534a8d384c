"""Promises of intake: each referral once and whole, each version's entries as its partner told them, no other ones."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from contracts.events.referrals import ReferralAmended, ReferralReceived
from interlink.faults.chronicle import WITHDRAWN, Chronicle, listed
from interlink.faults.evidence import Evidence, Filed
from interlink.faults.problems import Problem, doubled, lost


def once(of: Chronicle) -> Iterator[Problem]:
    """Every referral answered 2xx stands on the topic once; what was never answered at most once."""
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for answer in of.seen.answers:
        if answer.taken:
            numbers[answer.reference].add(answer.number)
    for reference, known in numbers.items():
        if len(known) > 1:
            yield doubled(f"{reference} was answered with {listed(known)}")
    shared = Counter(number for known in numbers.values() for number in known)
    for number, times in shared.items():
        if times > 1:
            yield lost(f"{number} was given to {times} references")
    received = {event.number for event in of.events(ReferralReceived)}
    for number in sorted(shared.keys() - received):
        yield lost(f"{number} was answered and stands on no topic")
    unanswered = len(of.seen.posted.keys() - numbers.keys())
    if len(received - shared.keys()) > unanswered:
        yield doubled(f"{len(received - shared.keys())} referrals more than answers; {unanswered} had no answer")


def whole(of: Chronicle) -> Iterator[Problem]:
    """Each number has the entries of its newest version as current ones, and those of earlier versions withdrawn."""
    amended = {(event.number, event.version) for event in of.events(ReferralAmended)}
    for number, (reference, receipts) in _receipts(of.seen).items():
        for version in sorted(receipts):
            if version > 1 and (number, version) not in amended:
                yield lost(f"Version {version} of {number} was answered and stands on no topic")
        posted = of.seen.posted.get(reference, {})
        newest = max([*receipts, *(one for one in posted if (number, one) in amended)])
        for version, accepted in sorted(receipts.items()):
            sound = len(posted[version].entries) if version in posted else 0
            if accepted != sound:
                yield lost(f"Version {version} of {number} has {sound} sound entries, its receipt says {accepted}")
        told = {version: filed for version, filed in posted.items() if version <= newest}
        yield from _as_told(of.seen, number, told)


def _receipts(seen: Evidence) -> dict[str, tuple[str, dict[int, int]]]:
    """Per number its reference, and what each answered version's receipt says of accepted entries."""
    found: dict[str, tuple[str, dict[int, int]]] = {}
    for answer in seen.answers:
        if answer.taken:
            found.setdefault(answer.number, (answer.reference, {}))[1][answer.version] = answer.accepted
    return found


def _as_told(seen: Evidence, number: str, told: Mapping[int, Filed]) -> Iterator[Problem]:
    progress = seen.progress.get(number, ())
    current = Counter(one.reference for one in progress if not one.withdrawn)
    gone = Counter(one.reference for one in progress if one.withdrawn)
    must_stand, ever = frozenset[str](), frozenset[str]()
    for _, filed in sorted(told.items()):
        must_stand = filed.entries | (must_stand if filed.unread else frozenset())
        ever |= must_stand
    must_be_gone = ever - must_stand
    for words, must, found in (("current", must_stand, current), ("withdrawn", must_be_gone, gone)):
        for reference in sorted(must - found.keys()):
            yield lost(f"{reference} of {number} is not among its {words} entries")
        for reference, times in sorted(found.items()):
            if times > 1 or reference not in must:
                yield doubled(f"{reference} of {number} is {times} times among its {words} entries")


def versions(of: Chronicle) -> Iterator[Problem]:
    """An entry is told at most once in a version: reported, amended, or withdrawn."""
    for entry, life in of.lives.items():
        counted = Counter((event.version, event.part) for event in life.told)
        for (version, part), times in counted.items():
            if times > 1:
                yield doubled(f"Version {version}, part {part} of {entry} was told {times} times")
    for entry in sorted(of.accepted):
        if not of.of(entry).told:
            yield lost(f"{entry} was accepted and never reported")
        elif not of.of(entry).standing:
            yield lost(f"{entry} is current, and was told as withdrawn last")
    for entry in sorted(of.withdrawn):
        if not any(isinstance(event, WITHDRAWN) for event in of.of(entry).told):
            yield lost(f"{entry} was withdrawn and never told so")
