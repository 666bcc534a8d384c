"""A request is handed over by a job: noted before the call, recorded after it, repeated byte for byte until clear.

From the note on its provider sees the request, because the call may have arrived though we never learn of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from isp_liaison import sealing
from isp_liaison.application import Application
from isp_liaison.commands import scheduling, telling
from isp_liaison.domain.authorities import outdated
from isp_liaison.domain.refusals import Refusal
from isp_liaison.domain.requests import SAYABLE, Move, ProviderStatus, Request, RequestId, State, move
from isp_liaison.domain.statutory_days import local_date
from isp_liaison.store import requests
from isp_liaison.store.requests import Carrying
from kit import telemetry
from kit.database import Transaction
from kit.time import zone

WAITS: Final[Sequence[timedelta]] = tuple(timedelta(seconds=one) for one in (5, 30, 2 * 60, 10 * 60, 30 * 60, 60 * 60))
"""Between attempts; the last one for as long as the request is approved."""

EXPIRED: Final = "authority_expired"
"""The authority carries the request no longer: nobody is called, and a person decides."""

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What is to be handed over. `body` None: a referral it rests on was erased meanwhile."""

    request: Request
    body: bytes | None


async def offer(app: Application, tx: Transaction, request: RequestId) -> Offered | None:
    """Note the attempt; None where the request is not to be sent any more, or its authority carries it no longer."""
    carrying = (await requests.authorities(tx, [request]))[request]
    expired = outdated_now(tx, carrying) is not None
    offered = await requests.offer(tx, request, None if expired else tx.now())
    if offered is None:
        return None
    if expired:
        log.warning("request.refused", request=str(request), code=EXPIRED)
        await requests.miss(tx, request, code=EXPIRED, again=None)
        return None
    kept = await requests.sealed(tx, request)
    return Offered(request=offered, body=await sealing.unseal(app.keyring, offered.id, kept.get(sealing.BODY)))


def outdated_now(tx: Transaction, carrying: Carrying) -> Refusal | None:
    """Why the authority carries nothing today, in its zone of issue."""
    return outdated(carrying.days, local_date(tx.now(), zone(carrying.zone)))


async def taken_in(
    app: Application, tx: Transaction, request: RequestId, *, reference: str | None, status: str | None
) -> None:
    """The provider's system has it."""
    locked = (await requests.lock(tx, [request])).get(request)
    if locked is None:
        return
    await has_it(app, tx, locked)
    said = ProviderStatus(status) if status in set(SAYABLE) else ProviderStatus.RECEIVED
    if locked.provider_status is ProviderStatus.UNKNOWN:
        await requests.say(tx, locked.id, said, reference)


async def has_it(app: Application, tx: Transaction, request: Request) -> None:
    """Once: from now on its days run, and everybody is told. An answer proves it as well as a receipt does.

    Locked: the request.
    """
    state = move(request, Move.TAKE_IN)
    if not isinstance(state, State):
        return
    await requests.take_in(tx, request, state, tx.now())
    await telling.sent(tx, request, tx.now())
    await scheduling.of_sending(tx, request)


async def unclear(tx: Transaction, request: RequestId, *, code: str, wait: timedelta | None) -> datetime | None:
    """Nobody knows whether it arrived: when to try again; None where that is not wanted any more."""
    locked = (await requests.lock(tx, [request])).get(request)
    if locked is None or locked.state is not State.APPROVED:
        return None
    again = tx.now() + max(WAITS[min(locked.attempts, len(WAITS)) - 1], wait or timedelta(0))
    await requests.miss(tx, locked.id, code=code, again=again)
    return again


async def refused(app: Application, tx: Transaction, request: RequestId, *, code: str) -> None:
    """The channel will not take it; a person decides, unless the provider itself has said that it has it."""
    locked = (await requests.lock(tx, [request])).get(request)
    if locked is None or locked.state is not State.APPROVED:
        return
    await requests.miss(tx, locked.id, code=code, again=None)
    if locked.provider_status not in (ProviderStatus.UNKNOWN, ProviderStatus.REJECTED):
        await has_it(app, tx, locked)
