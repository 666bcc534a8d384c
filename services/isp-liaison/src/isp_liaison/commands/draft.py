"""An officer asks for the same data under another instrument: a preservation order, or, where life is at stake, now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from isp_liaison.application import Application, Known
from isp_liaison.commands import adding, reference
from isp_liaison.commands.wanted import Wanted
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import URGENT, LineId, LineKey, LineState, urgency
from isp_liaison.domain.requests import Request
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line, LineEntry
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import NotFound, Problem, Rejected, or_reject


@dataclass(frozen=True, slots=True)
class Drafted:
    """A line under the other instrument, and the request in which it collects."""

    line: LineId
    asked_before: LineId
    request: Request


async def draft(
    app: Application, tx: Transaction, instrument_id: str, wanted: Sequence[UUID], principal: Principal
) -> list[Drafted]:
    """All of them, or none. Raises `NotFound`, `Rejected` with a pointer to each line that cannot be asked so."""
    known = await reference.known(app, tx)
    instrument = or_reject(in_force(known.instruments, instrument_id, tx.now().date()))
    # Locked, so that nobody whom they are asked for is cancelled before the new ones are there to be seen.
    found = await lines.lock(tx, wanted) if principal.of_centre else {}
    if len(found) < len(set(wanted)):
        raise NotFound
    of_requests = await requests.read(tx, {line.request for line in found.values()})
    keys = {line.id: replace(line.key_of_data, instrument=instrument.id) for line in found.values()}
    before = await lines.find(tx, list(keys.values()))
    asked_for = await lines.entries(tx, found)
    needed = {line for line, several in asked_for.items() if any(one.current for one in several)}
    _require_askable(known, instrument, [found[LineId(one)] for one in wanted], keys, before, needed)
    asked = [_wanted(line, instrument, of_requests[line.request], asked_for) for line in found.values()]
    added = await adding.add(app, tx, asked)
    drafts = await requests.read(tx, {line.request for line in added.lines.values()})
    await requests.add_drafters(tx, drafts, [principal.subject])
    for request in drafts.values():
        tx.audit(AuditEntry(actor=principal, action="request.drafted", subject=request.number))
    return [Drafted(added.lines[key].id, line, drafts[added.lines[key].request]) for line, key in sorted(keys.items())]


def _require_askable(
    known: Known,
    instrument: Instrument,
    wanted: Sequence[Line],
    keys: Mapping[LineId, LineKey],
    before: Mapping[LineKey, Line],
    needed: set[LineId],
) -> None:
    problems = [
        Problem(f"/lines/{position}", code)
        for position, line in enumerate(wanted)
        if (code := _why_not(known, instrument, line, already=keys[line.id] in before, needed=line.id in needed))
        is not None
    ]
    if problems:
        raise Rejected(problems[0].code, "Some lines cannot be asked under this instrument.", errors=problems)


def _why_not(known: Known, instrument: Instrument, line: Line, *, already: bool, needed: bool) -> str | None:
    provider = known.directory.provider(line.key_of_data.provider)
    if already:
        return "line.asked_already"
    if line.state in (LineState.DROPPED, LineState.LAPSED):
        return "line.over"
    if not needed:
        return "line.not_needed"
    if line.grade not in instrument.grades:
        return "grade.not_allowed"
    if provider is None or instrument.id not in provider.accepts:
        return "instrument.not_accepted"
    return None


def _wanted(
    line: Line, instrument: Instrument, request: Request, asked_for: Mapping[LineId, Sequence[LineEntry]]
) -> Wanted:
    now_so = requests.key_of(request)
    hurry = URGENT if now_so.urgency == URGENT else urgency("", instrument.id)
    return Wanted(
        key=replace(line.key_of_data, instrument=instrument.id),
        draft=replace(now_so, instrument=instrument.id, urgency=hurry),
        effect=instrument.effect,
        of=tuple(one.of for one in asked_for.get(line.id, ()) if one.current),
        grade=line.grade,
        at=line.at,
        data_key=line.key,
        nonce=line.nonce,
        data=line.data,
        perishes_at=line.perishes_at,
    )
