"""The jobs that carry deliveries to an endpoint: one a lane, woken whenever something may be due."""

from collections.abc import Iterable
from datetime import datetime

from contracts import ids
from kit.database import Transaction
from kit.jobs import NewJob
from notifications.domain.endpoints import LANES, EndpointId

DELIVER = "webhook.deliver"
WAKE = "endpoint.wake"
ALL = range(LANES)


def wake(tx: Transaction, endpoint: EndpointId, tenant: str, now: datetime, lanes: Iterable[int] = ALL) -> None:
    """Have these lanes look for what is due. As `system` only."""
    for lane in lanes:
        tx.wake(
            NewJob(
                kind=DELIVER,
                key=f"{endpoint}:{lane}",
                due_at=now,
                tenant=tenant,
                payload={"endpoint": str(endpoint), "lane": lane},
            )
        )


def wake_soon(tx: Transaction, endpoint: EndpointId, tenant: str, now: datetime) -> None:
    """Have a job wake all lanes: for requests, which may wake none, and for who has a lane's own job locked."""
    payload = {"endpoint": str(endpoint)}
    tx.schedule(NewJob(kind=WAKE, key=str(ids.new()), due_at=now, tenant=tenant, payload=payload))
