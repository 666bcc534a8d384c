"""A request for a person's act: theirs to see, locked with its lines, and in a state that allows it."""

from collections.abc import Mapping

from isp_liaison.application import Application
from isp_liaison.commands import writing
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import Request, State
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line
from kit.access import Principal
from kit.database import Transaction
from kit.errors import Conflict, NotFound


async def of_centre(tx: Transaction, number: str, principal: Principal) -> tuple[Request, Mapping[LineId, Line]]:
    """A request and its lines, locked in that order. Raises `NotFound` for all who are not of the centre."""
    if not principal.of_centre:
        raise NotFound
    return await visible(tx, number)


async def visible(tx: Transaction, number: str) -> tuple[Request, Mapping[LineId, Line]]:
    """A request that the caller may see, and its lines, locked. Raises `NotFound`."""
    found = await requests.find(tx, number)
    if found is None:
        raise NotFound
    locked = await requests.lock(tx, [found])
    if found not in locked:
        raise NotFound
    return locked[found], await lines.of_requests(tx, [found])


async def askable(app: Application, tx: Transaction, found: Mapping[LineId, Line]) -> dict[LineId, Line]:
    """The lines that wait to be asked; dropped are those that nobody waits for, or whose referral was erased."""
    waiting = [line for line in found.values() if line.state is LineState.OPEN]
    asked_for = await lines.entries(tx, [line.id for line in waiting])
    needed = [line for line in waiting if any(one.current for one in asked_for.get(line.id, ()))]
    kept = {line.id: line for line in await writing.alive(app, needed)}
    dropped = [line.id for line in waiting if line.id not in kept]
    if dropped:
        await lines.end(tx, [(line, None) for line in dropped], LineState.DROPPED, tx.now())
    return kept


def or_conflict(after: State | Refusal) -> State:
    """The state after a move. Raises `Conflict` where the request has moved on: the caller reads again."""
    if isinstance(after, Refusal):
        raise Conflict(after.code, after.detail)
    return after
