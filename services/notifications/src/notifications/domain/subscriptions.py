"""What an endpoint wants to hear: by type of event, by priority; and which of an agency's endpoints hear it first.

What an agency must know of its own endpoints reaches every endpoint, whatever it subscribed to.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeVar


class EventType(StrEnum):
    """Types of event that reach a feed, and so a notice."""

    ASSIGNMENT_CREATED = "interlink.assignment.created.v1"
    ASSIGNMENT_DECLINED = "interlink.assignment.declined.v1"
    ASSIGNMENT_MOVED = "interlink.assignment.moved.v1"
    ASSIGNMENT_WITHDRAWN = "interlink.assignment.withdrawn.v1"
    ASSIGNMENT_OVERDUE = "interlink.assignment.overdue.v1"
    IDENTIFICATION_COMPLETED = "interlink.identification.completed.v1"
    DEADLINE_APPROACHING = "interlink.identification.deadline_approaching.v1"
    IDENTIFICATION_EXPIRED = "interlink.identification.expired.v1"
    NOTICE_ESCALATED = "interlink.notice.escalated.v1"
    ENDPOINT_DISABLED = "interlink.endpoint.disabled.v1"


ALWAYS: Final[frozenset[str]] = frozenset({EventType.ENDPOINT_DISABLED})


class Audience(StrEnum):
    """Who reads behind an endpoint: the officer on duty, or the unit, which hears what the officer did not."""

    OFFICER = "officer"
    UNIT = "unit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """No `types` means every type; `least_priority` is the lowest that is wanted (P0 is the highest)."""

    types: frozenset[str]
    least_priority: str
    audience: Audience


class Subscribed(Protocol):
    """Anything with a subscription."""

    @property
    def subscription(self) -> Subscription:
        """What it wants to hear."""
        ...


SubscribedT = TypeVar("SubscribedT", bound=Subscribed)


def wants(subscription: Subscription, *, types: Collection[str], priority: str) -> bool:
    """Whether a notice with these types of items is wanted."""
    if _is_for_all(types):
        return True
    if priority > subscription.least_priority:  # P0 to P4: the order of the text is the order of urgency
        return False
    return not subscription.types or not subscription.types.isdisjoint(types)


def missed(subscription: Subscription, *, types: Collection[str], priority: str, with_officers: bool) -> bool:
    """Whether a notice that was not sent to an endpoint is sent to it later: as `chosen` would have it.

    `with_officers`: theirs were sent it, and it has not climbed past them.
    """
    theirs = subscription.audience is Audience.UNIT and with_officers and not _is_for_all(types)
    return not theirs and wants(subscription, types=types, priority=priority)


def chosen(endpoints: Sequence[SubscribedT], *, types: Collection[str], priority: str) -> list[SubscribedT]:
    """The endpoints that get a notice: officers'; units' where no officer's wants it, else nobody would hear."""
    wanting = [one for one in endpoints if wants(one.subscription, types=types, priority=priority)]
    if _is_for_all(types):
        return wanting
    return of_audience(wanting, Audience.OFFICER) or wanting


def of_audience(endpoints: Sequence[SubscribedT], audience: Audience) -> list[SubscribedT]:
    """Those behind which that audience reads."""
    return [one for one in endpoints if one.subscription.audience is audience]


def _is_for_all(types: Collection[str]) -> bool:
    return not ALWAYS.isdisjoint(types)
