"""Somebody is told of something: an item in their feed, and the notice that collects for them.

One statement a table for a whole batch. Locks in this order: feeds by tenant, notices by recipient and referral.
An event that a feed has already changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from contracts import ids
from kit.database import Transaction
from kit.jobs import NewJob
from notifications.domain.notices import NoticeId, Terms, freezes_at
from notifications.domain.recipients import Recipient
from notifications.store import feed, notices
from notifications.store.feed import Item

FREEZE = "notice.freeze"

Collecting: TypeAlias = tuple[Recipient, UUID, bool]
"""What notices are collected by: recipient, referral, test mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event, as it is told to whoever it concerns. `origin` is the partner it came from, `body` its CloudEvent."""

    event: UUID
    type: str
    referral: UUID
    testmode: bool
    priority: str
    origin: str
    handling: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """An event and one of those it is told to."""

    recipient: Recipient
    told: Told

    @property
    def key(self) -> tuple[str, UUID]:
        """What is unique in all feeds."""
        return self.recipient.tenant, self.told.event

    @property
    def collected_by(self) -> Collecting:
        """Which notice it joins."""
        return self.recipient, self.told.referral, self.told.testmode


async def tell(tx: Transaction, tellings: Iterable[Telling]) -> None:
    """Put the events into the feeds of their recipients and into notices, urgent ones at once on their way."""
    unique = list({one.key: one for one in tellings}.values())
    if not unique:
        return
    lasts = await feed.lock(tx, [one.recipient.tenant for one in unique])
    known = await feed.known(tx, [one.key for one in unique])
    fresh = [one for one in unique if one.key not in known]
    if not fresh:
        return
    collecting = await _collect(tx, fresh)
    await feed.append(tx, _numbered(fresh, lasts, collecting))


async def _collect(tx: Transaction, tellings: Sequence[Telling]) -> dict[Collecting, NoticeId]:
    """The notice of each telling; whoever opens one has it frozen in time."""
    now = tx.now()
    groups: dict[Collecting, list[Told]] = {}
    for one in tellings:
        groups.setdefault(one.collected_by, []).append(one.told)
    # Rows are inserted in order of ids, so giving sorted ids to sorted groups makes that the order of locks.
    fresh = sorted(NoticeId(ids.new()) for _ in groups)
    opened = [_terms(new, key, groups[key], now) for new, key in zip(fresh, sorted(groups), strict=True)]
    collecting = await notices.collect(tx, opened)
    for terms in collecting:
        due = freezes_at(terms.priority, opened_at=terms.opened_at, now=now)
        tx.wake(NewJob(kind=FREEZE, key=str(terms.id), due_at=due, tenant=terms.recipient.tenant))
    return {(terms.recipient, terms.referral, terms.testmode): terms.id for terms in collecting}


def _terms(new: NoticeId, key: Collecting, told: Sequence[Told], now: datetime) -> Terms:
    recipient, referral, testmode = key
    return Terms(
        id=new,
        recipient=recipient,
        referral=referral,
        testmode=testmode,
        priority=min(one.priority for one in told),  # P0 is the most urgent
        origin=told[0].origin,
        handling=told[0].handling,
        opened_at=now,
    )


def _numbered(
    tellings: Sequence[Telling], lasts: Mapping[str, int], collecting: Mapping[Collecting, NoticeId]
) -> list[Item]:
    position = dict(lasts)
    items: list[Item] = []
    for one in tellings:
        tenant, told = one.recipient.tenant, one.told
        position[tenant] += 1
        items.append(
            Item(
                tenant=tenant,
                event=told.event,
                testmode=told.testmode,
                position=position[tenant],
                notice=collecting[one.collected_by],
                type=told.type,
                body=told.body,
            )
        )
    return items
