"""A batch of routing's or liaison's events: who holds what is kept, and whoever it concerns is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never
from uuid import UUID

from kit.database import Transaction
from notifications.commands.tell import Telling, Told, tell
from notifications.domain import recipients
from notifications.domain.recipients import Recipient
from notifications.store import agencies, holdings
from notifications.store.holdings import Holding, Kept


class Hears(Enum):
    """Who hears of a change of an assignment."""

    NOBODY = auto()
    COPIES = auto()
    HOLDER_AND_COPIES = auto()
    HOLDER_AND_CENTRE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an event says of an assignment: assigned, accepted or ended. `tenant` is the holder's, if it is told."""

    assignment: UUID
    entry: UUID
    holder: str
    tenant: str | None
    copies: tuple[str, ...]
    state: str
    hears: Hears
    told: Told


@dataclass(frozen=True, slots=True, kw_only=True)
class OfEntry:
    """What an event says of a suspect or victim, whoever holds it."""

    entry: UUID
    told: Told


async def follow_assignments(tx: Transaction, changes: Sequence[Change]) -> None:
    """Keep who holds what; tell holders, former holders, copies and the centre. What ended is told as ended alone."""
    kinds = await agencies.kinds(tx, {slug for one in changes for slug in (one.holder, *one.copies)})
    held = {one.assignment: _holding(one, kinds) for one in changes}
    kept = await holdings.save(tx, list(held.values()))
    unnamed = {slug for one in kept.values() for slug in one.copies} - kinds.keys()
    kinds |= await agencies.kinds(tx, unnamed)
    await tell(tx, [telling for one in changes for telling in _tellings(one, kept[one.assignment], kinds)])


async def follow_entries(tx: Transaction, changes: Sequence[OfEntry]) -> None:
    """Tell the present holder of each entry; the centre, where none is known."""
    current = await holdings.current(tx, {one.entry for one in changes})
    await tell(
        tx,
        [
            Telling(recipient=recipient, told=one.told)
            for one in changes
            for recipient in recipients.of_entry(current.get(one.entry))
        ],
    )


def _holding(one: Change, kinds: dict[str, str]) -> Holding:
    named = recipients.recipient(one.holder, kinds)
    return Holding(
        assignment=one.assignment,
        entry=one.entry,
        testmode=one.told.testmode,
        holder=named if one.tenant is None else Recipient(one.holder, one.tenant),
        copies=one.copies,
        state=one.state,
    )


def _tellings(one: Change, kept: Kept, kinds: dict[str, str]) -> list[Telling]:
    if kept.ended and one.state != "ended":
        return []  # it was handed on meanwhile, which its holder knows
    copies = [recipients.recipient(slug, kinds) for slug in kept.copies]
    match one.hears:
        case Hears.NOBODY:
            hearing: tuple[Recipient, ...] = ()
        case Hears.COPIES:
            hearing = recipients.of_decline(kept.holder, copies)
        case Hears.HOLDER_AND_COPIES:
            hearing = recipients.of_assignment(kept.holder, copies)
        case Hears.HOLDER_AND_CENTRE:
            hearing = recipients.of_overdue(kept.holder)
        case _:
            assert_never(one.hears)
    return [Telling(recipient=recipient, told=one.told) for recipient in hearing]
