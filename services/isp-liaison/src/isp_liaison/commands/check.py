"""A second person compares an answer with what was asked; only then does it leave this service, as a place.

Name and street stay here: the holder's officers open them by reference (`api.subscribers`).
"""

from uuid import UUID

from isp_liaison.application import Application
from isp_liaison.commands import adding, loading, redirect, sending, telling
from isp_liaison.commands.apply_answers import settle
from isp_liaison.domain import answers as rules
from isp_liaison.domain.answers import REDIRECT, Answer, AnswerState, Decision, Flag
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import Request, State
from isp_liaison.store import answers, lines, requests
from isp_liaison.store.lines import Line
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Conflict, NotFound, or_reject


async def check(
    app: Application,
    tx: Transaction,
    answer_id: UUID,
    decision: Decision,
    principal: Principal,
    *,
    zone_confirmed: bool,
    reason: str | None = None,
) -> AnswerState:
    """Confirm or refuse an answer. Raises `NotFound`, `Conflict` once it is decided, `Rejected` by the rules."""
    request, line, answer = await _load(tx, answer_id, principal)
    state = or_reject(rules.check(answer, decision, by=principal.subject, zone_confirmed=zone_confirmed))
    await sending.has_it(app, tx, request)
    flags = answer.flags
    if state is AnswerState.CONFIRMED:
        flags = await _confirm(app, tx, request, line, answer)
    else:
        await _refuse(app, tx, request, line, answer)
    await answers.checked(tx, answer, state, by=principal.subject, flags=flags, now=tx.now())
    await settle(tx, request.id)
    detail = {"decision": decision.value, "outcome": answer.outcome, "line": str(line.id), "flags": sorted(flags)}
    detail |= {} if reason is None else {"reason": reason}
    tx.audit(AuditEntry(actor=principal, action="answer.checked", subject=str(answer_id), detail=detail))
    return state


async def _load(tx: Transaction, answer_id: UUID, principal: Principal) -> tuple[Request, Line, Answer]:
    """An answer with its line and request, locked from the request down."""
    placed = await answers.place_of(tx, answer_id) if principal.of_centre else None
    if placed is None:
        raise NotFound
    request_id, line_id = placed
    request = (await requests.lock(tx, [request_id]))[request_id]
    line = (await lines.lock(tx, [line_id]))[line_id]
    (answer,) = (await answers.lock(tx, [answer_id])).values()
    if answer.state is not AnswerState.PENDING:
        raise Conflict("answer.not_pending", "This answer was decided already.")
    return request, line, answer


async def _confirm(app: Application, tx: Transaction, request: Request, line: Line, answer: Answer) -> frozenset[Flag]:
    await lines.end(tx, [(line.id, answer.outcome)], LineState.DONE, tx.now())
    if answer.record is not None:
        await answers.release(tx, answer.record, tx.now())
    flags = answer.flags
    if answer.outcome == REDIRECT and answer.redirect_to is not None:
        known_there = await redirect.open_lines(app, tx, request, [(line, answer.redirect_to)])
        flags = flags | {Flag.REDIRECT_KNOWN} if known_there else flags
    await _tell(tx, line.id)
    return flags


async def _tell(tx: Transaction, line_id: LineId) -> None:
    found = await lines.read(tx, [line_id])
    asked_for = await lines.entries(tx, [line_id])
    await telling.completed(tx, found, [one for one in asked_for.get(line_id, ()) if one.current])


async def _refuse(app: Application, tx: Transaction, request: Request, line: Line, answer: Answer) -> None:
    """The line waits for another answer, or collects anew; what was said of a person is not kept."""
    await lines.reopen(tx, line.id)
    if request.state is State.RETURNED:  # nobody answers it any more, and its other lines have left it already
        waiting = await loading.askable(app, tx, await lines.read(tx, [line.id]))
        if waiting:
            await adding.move_on(tx, request, list(waiting.values()))
    if answer.record is not None:
        await answers.empty(tx, answer.record)
