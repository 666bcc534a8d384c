"""Promises of notifications: who must act was told, of each suspect and victim, each notice under one webhook id."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from uuid import UUID

from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded
from contracts.events.jurisdictions import AssignmentCreated, AssignmentDeclined
from interlink.faults.chronicle import Chronicle, listed
from interlink.faults.evidence import Evidence, Record
from interlink.faults.problems import Problem, doubled, untold

ISSUED = "interlink.notice.issued.v1"
IN_NOTICES = ("interlink.assignment.", "interlink.identification.")
"""How the types of events begin that every feed has by way of a notice."""


def told(of: Chronicle) -> Iterator[Problem]:
    """Who holds something, or has a copy, took a notice of its referral in, each under one webhook id."""
    hooks: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for hook in of.seen.webhooks:
        if hook.type == ISSUED:
            hooks[hook.agency, hook.notice].add(hook.webhook)
    for (agency, notice), known in hooks.items():
        if len(known) > 1:
            yield doubled(f"{agency} got notice {notice} under {listed(known)}")
    arrived = {hook.webhook: hook.agency for hook in of.seen.webhooks}
    informed: set[tuple[str, UUID]] = set()
    for event in of.events(DeliverySucceeded):
        if arrived.get(str(event.delivery)) == event.agency:
            informed.add((event.agency, event.referral))
        else:
            yield untold(f"Delivery {event.delivery} was said to succeed; {event.agency} does not have it")
    for event in of.events(DeliveryFailed):
        yield untold(f"Delivery {event.delivery} to {event.agency} failed for good: {event.reason}")
    for agency, referral in sorted({(agency, _referral(record)) for agency, record in _holders(of)} - informed):
        yield untold(f"{agency} was told nothing of referral {referral}")


def fed(of: Chronicle) -> Iterator[Problem]:
    """Each of these agencies has every event about what it holds, or held, in its feed once."""
    feeds = {agency: Counter(one.event for one in feed) for agency, feed in of.seen.feeds.items()}
    for agency, counted in feeds.items():
        for event, times in counted.items():
            if times > 1:
                yield doubled(f"{agency} has event {event} {times} times in its feed")
    for agency, record in (*_holders(of), *_former(of)):
        if record.envelope.id not in feeds.get(agency, ()):
            name = type(record.event).__name__
            yield untold(f"{agency} was not told of {record.envelope.subject}: {name} {record.envelope.id}")


def noticed(of: Chronicle) -> Iterator[Problem]:
    """The notices that arrived are about as many events of a referral as the agency's feed has of it."""
    items = _items(of.seen)
    in_feed = Counter(
        (agency, one.referral)
        for agency, feed in of.seen.feeds.items()
        for one in feed
        if one.type.startswith(IN_NOTICES)
    )
    for (agency, referral), count in in_feed.items():
        noted = items[agency, referral]
        if noted < count:
            yield untold(f"{agency} has {count} events of referral {referral}, its notices are about {noted}")
        elif noted > count:
            yield doubled(f"{agency} has {count} events of referral {referral}, its notices are about {noted}")


def _items(seen: Evidence) -> Counter[tuple[str, str]]:
    """Per agency and referral, how many events the notices that it took in are about."""
    referral_of = {
        str(record.event.notice): str(record.event.referral)
        for record in seen.records
        if isinstance(record.event, DeliverySucceeded)
    }
    notices = {(hook.agency, hook.notice): hook.items for hook in seen.webhooks if hook.type == ISSUED}
    found: Counter[tuple[str, str]] = Counter()
    for (agency, notice), items in notices.items():
        found[agency, referral_of.get(notice, "")] += items
    return found


def _holders(of: Chronicle) -> Iterator[tuple[str, Record]]:
    """Who holds a standing entry now, or has a copy, and by which record."""
    for entry in of.standing:
        for record in of.of(entry).current.values():
            for agency in _hearing(record):
                yield agency, record


def _former(of: Chronicle) -> Iterator[tuple[str, Record]]:
    """Who held something that was moved or withdrawn, and by which record that ended."""
    for life in of.lives.values():
        for assignment, record in life.ended.items():
            if assignment in life.assigned and not isinstance(record.event, AssignmentDeclined):
                for agency in _hearing(life.assigned[assignment]):
                    yield agency, record


def _referral(record: Record) -> UUID:
    assert isinstance(record.event, AssignmentCreated)  # noqa: S101 - of records by which somebody holds something
    return record.event.referral


def _hearing(record: Record) -> tuple[str, ...]:
    match record.event:
        case AssignmentCreated() as created:
            return tuple(dict.fromkeys((created.holder, *created.copies)))
        case _:
            return ()
