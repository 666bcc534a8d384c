"""A second officer, or a provider that refuses, sends a request back: its lines collect anew, under another number."""

from isp_liaison import sealing
from isp_liaison.application import Application
from isp_liaison.commands import adding, loading, writing
from isp_liaison.domain.requests import Move, Request, move
from isp_liaison.store import requests
from kit.access import Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction


async def give_back(app: Application, tx: Transaction, number: str, reason: str, principal: Principal) -> Request:
    """Return a request. Raises `NotFound`, `Conflict` where it may have reached its provider."""
    request, found = await loading.of_centre(tx, number, principal)
    state = loading.or_conflict(move(request, Move.RETURN))
    await requests.end(tx, [request.id], state, now=tx.now())
    await writing.keep_text(app, tx, request, sealing.RETURNED, list(found.values()), reason)
    waiting = await loading.askable(app, tx, found)
    if waiting:
        await adding.move_on(tx, request, list(waiting.values()))
    tx.audit(AuditEntry(actor=principal, action="request.returned", subject=request.number))
    return request
