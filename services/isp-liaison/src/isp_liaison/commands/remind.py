"""A deadline comes near, or is over: whoever waits for the lines that depend on it is told.

A preservation ends also where its provider never answered: the law destroys what was kept, answered or not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from isp_liaison.application import Application
from isp_liaison.commands import reference, telling
from isp_liaison.commands.apply_answers import settle
from isp_liaison.domain.deadlines import Kind, concerns
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import Request, RequestId
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line, LineEntry
from kit.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A deadline of a request, as its job carries it."""

    request: RequestId
    deadline: Kind
    on: date
    zone: str


@dataclass(frozen=True, slots=True)
class _Concerned:
    """The lines of a request that depend on a day, and who is told, if anybody still waits for them."""

    request: Request
    lines: Mapping[LineId, Line]
    told: Sequence[tuple[Line, LineEntry]]


async def remind(tx: Transaction, day: Day, days_left: int) -> None:
    """Say that so many days are left."""
    found = await _concerned(tx, day)
    if found is not None:
        telling.approaching(tx, found.told, deadline=day.deadline.value, on=day.on, zone=day.zone, days_left=days_left)


async def expire(app: Application, tx: Transaction, day: Day) -> None:
    """Say that it is over. What a repeatable instrument was to preserve may be demanded anew from now on."""
    found = await _concerned(tx, day)
    if found is None:
        return
    if day.deadline is not Kind.PRESERVATION_EXPIRY:
        telling.expired(tx, found.told, deadline=day.deadline.value, on=day.on, zone=day.zone)
        return
    # This day comes once more where an answer was late: each line says only once that it is over.
    now_over = {line.id for line in found.lines.values() if line.expired_at is None}
    told = [(line, entry) for line, entry in found.told if line.id in now_over]
    telling.expired(tx, told, deadline=day.deadline.value, on=day.on, zone=day.zone)
    await lines.expire(tx, now_over, tx.now())
    known = await reference.known(app, tx)
    instrument = in_force(known.instruments, found.request.instrument, day.on)
    if isinstance(instrument, Instrument) and instrument.repeatable:
        # An answer that is being applied has its own word; it has the day come once more.
        over = [line for line in found.lines.values() if line.state is not LineState.ANSWERED]
        await lines.end(tx, [(line.id, line.outcome) for line in over], LineState.LAPSED, tx.now())
        await settle(tx, found.request.id)


async def _concerned(tx: Transaction, day: Day) -> _Concerned | None:
    request = (await requests.lock(tx, [day.request])).get(day.request)
    if request is None:
        return None
    # Whatever became of the request: what its provider did with a line, it did; open lines left with its return.
    found = await lines.of_requests(tx, [day.request])
    waiting = {one.id: one for one in found.values() if concerns(day.deadline, one.state, one.outcome)}
    asked_for = await lines.entries(tx, waiting)
    told = [(waiting[line], entry) for line, several in asked_for.items() for entry in several if entry.current]
    return _Concerned(request, waiting, told)
