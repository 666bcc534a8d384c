"""A provider says where a request stands with it; what it writes is kept sealed beside the request.

Who says that it works on a request has it, whatever its channel answered: that it was sent follows by a job of ours.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from contracts import ids
from isp_liaison import sealing
from isp_liaison.application import Application
from isp_liaison.commands import loading, writing
from isp_liaison.domain.requests import WITH_PROVIDER, ProviderStatus, Request, State
from isp_liaison.store import requests
from kit.access import CENTRE_TENANT, Principal
from kit.audit import Entry as AuditEntry
from kit.database import Transaction
from kit.errors import Conflict
from kit.jobs import NewJob

APPLY: Final = "answer.apply"


async def acknowledge(
    app: Application,
    tx: Transaction,
    number: str,
    principal: Principal,
    *,
    status: ProviderStatus,
    reference: str | None,
    reason: str | None,
) -> Request:
    """Keep the provider's status. Raises `NotFound`, `Conflict` for a request it does not have any more."""
    request, found = await loading.visible(tx, number)
    require_with_provider(request)
    await act(tx, principal)
    await requests.say(tx, request.id, status, reference)
    if reason:
        kind = f"{sealing.NOTE}:{ids.new()}"
        await writing.keep_text(app, tx, request, kind, list(found.values()), reason)
    offered = request.state is State.APPROVED and request.attempts > 0
    if offered and status is not ProviderStatus.REJECTED:
        schedule(tx, request, [])
    detail = {"status": status.value}
    tx.audit(AuditEntry(actor=principal, action="request.acknowledged", subject=number, detail=detail))
    return request


def schedule(tx: Transaction, request: Request, answers: Iterable[UUID]) -> None:
    """Do what follows from these answers, or from the mere fact that the provider has the request."""
    payload = {"request": str(request.id), "answers": [str(one) for one in answers]}
    tx.schedule(NewJob(kind=APPLY, key=str(ids.new()), due_at=tx.now(), tenant=CENTRE_TENANT, payload=payload))


async def act(tx: Transaction, principal: Principal) -> None:
    """What a provider adds belongs to the centre, which asked for it."""
    if not principal.of_centre:
        await tx.act_for(principal.tenant, inserting_for=[CENTRE_TENANT])


def require_with_provider(request: Request) -> None:
    """Raises `Conflict` where no answer is expected: it was returned, withdrawn, or never sent."""
    if request.state not in WITH_PROVIDER:
        raise Conflict("request.not_with_provider", "This request is not with the provider.")
