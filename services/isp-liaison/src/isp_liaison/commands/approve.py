"""A second officer approves: the bytes are made, once and for all, and a job hands them over.

Repeated after a crash, a request is the same number and the same bytes, so a provider can tell that it has it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date
from typing import Any

import orjson

from isp_liaison import asking, sealing
from isp_liaison.application import Application
from isp_liaison.asking import AskedData
from isp_liaison.commands import loading, reference, sending, writing
from isp_liaison.domain import approvals
from isp_liaison.domain.instruments import Instrument, in_force
from isp_liaison.domain.lines import LineId, LineState
from isp_liaison.domain.requests import Move, Request, State, move
from isp_liaison.store import requests
from isp_liaison.store.lines import Line
from isp_liaison.store.requests import Carrying
from kit.access import CENTRE_TENANT, Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Rejected, or_reject
from kit.jobs import NewJob

SEND = "request.send"


async def approve(app: Application, tx: Transaction, number: str, principal: Principal) -> Request:
    """Approve a submitted request. Raises `NotFound`, `Conflict`, `Rejected` for who submitted or drafted it."""
    request, every = await loading.of_centre(tx, number, principal)
    loading.or_conflict(move(request, Move.APPROVE))
    state: State = or_reject(approvals.approve(request, by=principal.subject))
    going = [line for line in every.values() if line.state is LineState.OPEN]
    carrying = (await requests.authorities(tx, [request.id]))[request.id]
    or_reject(sending.outdated_now(tx, carrying))
    known = await reference.known(app, tx)
    instrument = or_reject(in_force(known.instruments, request.instrument, carrying.days.made_on))
    body = _body(request, instrument, carrying, going, await asking.opened(app.keyring, going))
    await writing.keep_bytes(app, tx, request, sealing.BODY, going, body)
    digest = hashlib.sha256(body).hexdigest()
    await requests.approve(tx, request, state, by=principal.subject, sha256=digest, now=tx.now())
    schedule(tx, request)
    tx.audit(AuditEntry(actor=principal, action="request.approved", subject=number, detail={"sha256": digest}))
    return request


async def send_again(tx: Transaction, number: str, principal: Principal) -> Request:
    """Have a request tried once more that the provider's channel refused. Raises `NotFound`, `Conflict`, `Rejected`."""
    request, _ = await loading.of_centre(tx, number, principal)
    loading.or_conflict(move(request, Move.SEND_AGAIN))
    or_reject(sending.outdated_now(tx, (await requests.authorities(tx, [request.id]))[request.id]))
    await requests.send_again(tx, request, tx.now())
    schedule(tx, request)
    tx.audit(AuditEntry(actor=principal, action="request.sent_again", subject=number))
    return request


def schedule(tx: Transaction, request: Request) -> None:
    """Hand it over as soon as this commits."""
    payload = {"request": str(request.id)}
    tx.schedule(NewJob(kind=SEND, key=request.number, due_at=tx.now(), tenant=CENTRE_TENANT, payload=payload))


def _body(
    request: Request,
    instrument: Instrument,
    carrying: Carrying,
    going: Sequence[Line],
    opened: Mapping[LineId, AskedData],
) -> bytes:
    """What the provider gets. Lines by time, so that equal ones stand together; the officer's grounds stay here."""
    days = carrying.days
    body = {
        "number": request.number,
        "instrument": instrument.id,
        "section": instrument.section,
        "form": instrument.form,
        "urgency": request.urgency,
        "synthetic": request.testmode,
        "authority": {
            "kind": carrying.kind,
            "reference": carrying.reference,
            "court": carrying.court,
            "made_on": days.made_on.isoformat(),
            "zone": carrying.zone,
            "expires_on": _day(days.expires_on),
            "due_on": _day(days.due_on),
        },
        "reply": {"zone_required": True, "answer_url_path": f"/v1/requests/{request.number}:answer"},
        "lines": [_line(line, opened) for line in sorted(going, key=lambda one: (one.at, one.id))],
    }
    return orjson.dumps(body)


def _line(line: Line, opened: Mapping[LineId, AskedData]) -> dict[str, Any]:
    asked = opened.get(line.id)
    if asked is None:
        raise Rejected("line.erased", "A referral that it rests on was erased.")
    return {
        "line": str(line.id),
        "ip": asked.ip,
        "port": asked.port,
        "at": asked.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "raw_time": asked.raw_time,
        "zone": asked.zone,
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
