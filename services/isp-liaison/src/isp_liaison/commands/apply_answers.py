"""What follows from answers that were taken: they prove that the request arrived, and some say all there is to say.

A preservation tells of no person, so nobody has to check it: it counts at once. An answer that may name a subscriber
waits for a second person (`commands.check`).
"""

from collections.abc import Container, Sequence

from isp_liaison.application import Application
from isp_liaison.commands import redirect, scheduling, sending, telling
from isp_liaison.domain.answers import PRESERVED, REDIRECT, Answer, AnswerId, AnswerState
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import WITH_PROVIDER, Request, RequestId, State, settled
from isp_liaison.store import answers, lines, requests
from isp_liaison.store.lines import Line
from kit.database import Transaction


async def apply(app: Application, tx: Transaction, request_id: RequestId, given: Sequence[AnswerId]) -> None:
    """Apply taken answers of one request. Repeated, it changes nothing."""
    # What is preserved perishes later in every request for it: all of them are locked before any line is touched.
    concerned = {request_id, *await lines.requests_of_same_data(tx, request_id)}
    locked = await requests.lock(tx, concerned)
    request = locked.get(request_id)
    if request is None:
        return
    await sending.has_it(app, tx, request)
    found = await lines.of_requests(tx, [request_id])
    said = [
        one
        for one in (await answers.lock(tx, given)).values()
        if one.state is AnswerState.APPLIED and found[one.line].state is LineState.ANSWERED
    ]
    if said:
        await lines.end(tx, [(one.line, one.outcome) for one in said], LineState.DONE, tx.now())
        await _preserved(tx, request, found, said, locked)
        await _redirected(app, tx, request, found, said)
    await settle(tx, request_id)


async def _preserved(
    tx: Transaction, request: Request, found: dict[LineId, Line], said: Sequence[Answer], locked: Container[RequestId]
) -> None:
    kept = [one.line for one in said if one.outcome == PRESERVED]
    if not kept:
        return
    carrying = (await requests.authorities(tx, [request.id]))[request.id]
    asked_for = await lines.entries(tx, kept)
    # Of what is over already, that it is over stays the last word.
    told = [one for several in asked_for.values() for one in several if one.current and not found[one.line].expired_at]
    await telling.preserved(tx, found, told)
    day = scheduling.of_preservation(tx, request, carrying)
    if day is not None:
        concerned = await lines.preserved_until(tx, kept, day.over_from)
        # Another one was opened meanwhile and may be collecting what perishes sooner: its day changes under its lock.
        await requests.refresh(tx, (one for one in concerned if one in locked))


async def _redirected(
    app: Application, tx: Transaction, request: Request, found: dict[LineId, Line], said: Sequence[Answer]
) -> None:
    elsewhere = [(found[one.line], one.redirect_to) for one in said if one.outcome == REDIRECT]
    await redirect.open_lines(app, tx, request, [(line, to) for line, to in elsewhere if to is not None])


async def settle(tx: Transaction, request_id: RequestId) -> None:
    """Where a request stands by its lines; its rows are locked already."""
    request = (await requests.read(tx, [request_id]))[request_id]
    if request.state not in WITH_PROVIDER:
        return
    count = await lines.count(tx, request_id)
    after = settled(open_lines=count.open, waiting=count.waiting)
    if after is not request.state:
        answered = after is not State.SENT and not count.silent
        await requests.settle(tx, request_id, after, tx.now(), answered=answered)
    await requests.refresh(tx, [request_id])
