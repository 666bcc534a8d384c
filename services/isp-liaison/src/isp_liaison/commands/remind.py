"""A deadline comes near, or is over: whoever waits for the lines that depend on it is told."""

from dataclasses import dataclass
from datetime import date

from isp_liaison.application import Application
from isp_liaison.commands import reference, telling
from isp_liaison.domain.deadlines import Kind, concerns
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import LineState
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


async def remind(tx: Transaction, day: Day, days_left: int) -> None:
    """Say that so many days are left."""
    _, told = await _concerned(tx, day)
    telling.approaching(tx, told, deadline=day.deadline.value, on=day.on, zone=day.zone, days_left=days_left)


async def expire(app: Application, tx: Transaction, day: Day) -> None:
    """Say that it is over. What was preserved under a repeatable instrument may be demanded anew from now on."""
    request, told = await _concerned(tx, day)
    telling.expired(tx, told, deadline=day.deadline.value, on=day.on, zone=day.zone)
    if request is None or day.deadline is not Kind.PRESERVATION_EXPIRY:
        return
    known = await reference.known(app, tx)
    instrument = in_force(known.instruments, request.instrument, day.on)
    if isinstance(instrument, Instrument) and instrument.repeatable:
        lapsed = {line.id: line.outcome for line, _ in told}
        await lines.end(tx, list(lapsed.items()), LineState.LAPSED, tx.now())


async def _concerned(tx: Transaction, day: Day) -> tuple[Request | None, list[tuple[Line, LineEntry]]]:
    request = (await requests.lock(tx, [day.request])).get(day.request)
    if request is None:
        return None, []
    # Whatever became of the request: what its provider did with a line, it did; open lines left with its return.
    found = await lines.of_requests(tx, [day.request])
    waiting = {one.id: one for one in found.values() if concerns(day.deadline, one.state, one.outcome)}
    asked_for = await lines.entries(tx, waiting)
    return request, [
        (waiting[line], entry) for line, several in asked_for.items() for entry in several if entry.current
    ]
