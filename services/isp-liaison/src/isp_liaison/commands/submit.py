"""An officer submits a draft with its legal authority: from here on it is frozen, and later lines open a new draft."""

from collections.abc import Mapping

from isp_liaison.application import Application
from isp_liaison.commands import adding, loading, reference, writing
from isp_liaison.domain import authorities
from isp_liaison.domain.authorities import Authority, Claimed
from isp_liaison.domain.directory import Provider
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import LineId, Split, split
from isp_liaison.domain.requests import Move, Request, move
from isp_liaison.domain.statutory_days import local_date
from isp_liaison.store import lines, requests
from isp_liaison.store.lines import Line
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Rejected, or_reject
from kit.time import TZDATA, UnknownZone, zone


async def submit(
    app: Application, tx: Transaction, number: str, claimed: Claimed | None, principal: Principal
) -> Request:
    """Freeze a draft. Raises `NotFound`, `Conflict` where it is no draft any more, `Rejected` by the rules."""
    request, every = await loading.of_centre(tx, number, principal)
    state = loading.or_conflict(move(request, Move.SUBMIT))
    found = await loading.askable(app, tx, every)
    known = await reference.known(app, tx)
    made_on = claimed.made_on if claimed is not None else tx.now().date()
    instrument = or_reject(in_force(known.instruments, request.instrument, made_on))
    authority = await _examined(tx, instrument, claimed, found)
    frozen = _frozen(instrument, known.directory.provider(request.provider), found)
    await requests.submit(tx, request, state, by=principal.subject, now=tx.now())
    await requests.add_authority(tx, request, authority, tzdata=TZDATA)
    await writing.keep_grounds(app, tx, request, [found[one] for one in frozen.goes], authority.claimed.grounds)
    if frozen.stays:
        await adding.move_on(tx, request, [found[one] for one in frozen.stays])
    await requests.refresh(tx, [request.id])
    detail = {"lines": len(frozen.goes), "instrument": instrument.id, "authority": authority.claimed.kind}
    tx.audit(AuditEntry(actor=principal, action="request.submitted", subject=number, detail=detail))
    return request


async def _examined(
    tx: Transaction, instrument: Instrument, claimed: Claimed | None, found: Mapping[LineId, Line]
) -> Authority:
    today = tx.now().date()
    if claimed is not None:
        try:
            today = local_date(tx.now(), zone(claimed.zone))
        except UnknownZone as error:
            raise Rejected("authority.zone_unknown", "The zone of issue is an IANA zone.") from error
    investigating = await _foreign_investigating(tx, found)
    return or_reject(authorities.examine(instrument, claimed, foreign_investigating=investigating, today=today))


async def _foreign_investigating(tx: Transaction, found: Mapping[LineId, Line]) -> bool:
    """Whether a foreign authority investigates for every line of it: the longer clock runs for all or none."""
    asked_for = await lines.entries(tx, found)
    return all(any(one.current and one.of.foreign_investigating for one in asked_for.get(line, ())) for line in found)


def _frozen(instrument: Instrument, provider: Provider | None, found: Mapping[LineId, Line]) -> Split:
    if not found:
        raise Rejected("request.empty", "There is no line in it.")
    if any(line.grade not in instrument.grades for line in found.values()):
        raise Rejected("grade.not_allowed", "It holds a line whose grade this instrument does not reach.")
    if provider is None:
        raise Rejected("provider.unknown", "The directory has no such provider.")
    return split({line.id: line.perishes_at for line in found.values()}, most=provider.max_lines)
