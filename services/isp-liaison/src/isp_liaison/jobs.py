"""Due work of liaison: handing requests over, what follows from answers, and deadlines."""

from dataclasses import dataclass
from datetime import date
from typing import Any, assert_never
from uuid import UUID

from isp_liaison.application import Application
from isp_liaison.channels.http import Receipt, Refused, TakenIn, Unclear
from isp_liaison.commands import apply_answers as applying
from isp_liaison.commands import remind as reminding
from isp_liaison.commands import sending
from isp_liaison.commands.remind import Day
from isp_liaison.domain.answers import AnswerId
from isp_liaison.domain.deadlines import Kind
from isp_liaison.domain.requests import RequestId
from kit import telemetry
from kit.database import Transaction
from kit.jobs import Again, Done, Job, Outcome

log = telemetry.logger(__name__)


@dataclass(frozen=True, slots=True)
class NotWanted:
    """The request is not to be sent any more."""


async def hand_over(app: Application, job: Job) -> Receipt | NotWanted:
    """Call the provider's channel, once; no transaction is open meanwhile."""
    async with app.database.as_system() as tx:
        offered = await sending.offer(app, tx, _request(job))
    if offered is None:
        return NotWanted()
    if offered.body is None:
        return Refused("erased")
    request = offered.request
    return await app.channels.send(
        request.provider, request.number, offered.body, testmode=request.testmode, now=app.clock.now()
    )


async def record_hand_over(app: Application, tx: Transaction, job: Job, result: Receipt | NotWanted) -> Outcome:
    """Keep what became of the call; again later where nobody can tell."""
    request = _request(job)
    match result:
        case TakenIn(reference=reference, status=status):
            await sending.taken_in(app, tx, request, reference=reference, status=status)
        case Refused(code=code):
            log.warning("request.refused", request=str(request), code=code)
            await sending.refused(app, tx, request, code=code)
        case Unclear(code=code, wait=wait):
            log.info("request.unclear", request=str(request), code=code)
            again = await sending.unclear(tx, request, code=code, wait=wait)
            return Done() if again is None else Again(again)
        case NotWanted():
            pass
        case _:
            assert_never(result)
    return Done()


async def apply_answers(app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """What follows from answers that were taken."""
    await applying.apply(app, tx, _request(job), [AnswerId(UUID(one)) for one in job.payload["answers"]])
    return Done()


async def remind(_app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """A deadline comes near."""
    await reminding.remind(tx, _day(job), int(job.payload["days_left"]))
    return Done()


async def expire(app: Application, tx: Transaction, job: Job, _result: Any) -> Outcome:
    """A deadline is over."""
    await reminding.expire(app, tx, _day(job))
    return Done()


def _request(job: Job) -> RequestId:
    return RequestId(UUID(job.payload["request"]))


def _day(job: Job) -> Day:
    return Day(
        request=_request(job),
        deadline=Kind(job.payload["deadline"]),
        on=date.fromisoformat(job.payload["on"]),
        zone=job.payload["zone"],
    )
