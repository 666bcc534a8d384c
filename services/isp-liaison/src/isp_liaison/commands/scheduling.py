"""Deadlines become jobs: one for each reminder, one for the moment from which the day is over."""

from isp_liaison.domain import deadlines
from isp_liaison.domain.deadlines import Deadline, Kind
from isp_liaison.domain.requests import Request
from isp_liaison.store import requests
from isp_liaison.store.requests import Carrying
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.jobs import NewJob
from kit.time import zone

REMIND = "deadline.remind"
EXPIRE = "deadline.expire"


async def of_sending(tx: Transaction, request: Request) -> None:
    """What runs from the moment the provider has the request."""
    carrying = (await requests.authorities(tx, [request.id]))[request.id]
    for one in deadlines.of_sending(carrying.days, zone(carrying.zone), tx.now()):
        _schedule(tx, request, one, carrying.zone)


def of_preservation(tx: Transaction, request: Request, carrying: Carrying) -> Deadline | None:
    """What runs once the provider preserves something; the very jobs of its sending, where they still wait."""
    days = carrying.days
    if days.expires_on is None:
        return None
    one = deadlines.deadline(Kind.PRESERVATION_EXPIRY, days.expires_on, days.made_on, zone(carrying.zone), tx.now())
    _schedule(tx, request, one, carrying.zone)
    return one


def _schedule(tx: Transaction, request: Request, one: Deadline, zone_name: str) -> None:
    payload = {"request": str(request.id), "deadline": one.kind.value, "on": one.on.isoformat(), "zone": zone_name}
    key = f"{request.number}:{one.kind.value}:{one.on}"
    for reminder in one.reminders:
        tx.schedule(
            NewJob(
                kind=REMIND,
                key=f"{key}:{reminder.days_left}",
                due_at=reminder.at,
                tenant=CENTRE_TENANT,
                payload={**payload, "days_left": reminder.days_left},
            )
        )
    tx.schedule(NewJob(kind=EXPIRE, key=key, due_at=one.over_from, tenant=CENTRE_TENANT, payload=payload))
