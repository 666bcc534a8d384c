"""Two that act on the endpoints of one agency at the same moment: whoever is second sees what the first did."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import UUID

import pytest
from service.notifications.conftest import MANAGE, Notifications, retired
from service.notifications.test_collecting import is_waiting

from contracts import ids
from kit.access import Principal
from kit.database import Database, Transaction
from kit.testing.eventually import eventually
from kit.worker import FINISH
from notifications.commands import deliver, lanes, manage
from notifications.commands.manage import Register
from notifications.domain.deliveries import Tried
from notifications.domain.endpoints import LANES, MOST_ENDPOINTS, EndpointId
from notifications.domain.notices import COLLECTS_FOR
from notifications.domain.retrying import Answered
from notifications.domain.subscriptions import Audience, Subscription

HOOK = "https://hooks.example.org/interlink"
AGENCY = "agency:ice-on"
OWNER = Principal(subject="officer", client="test", tenant=AGENCY, scopes=frozenset(MANAGE), roles=frozenset())
STATES = "SELECT state FROM notifications.endpoint WHERE agency = 'ice-on' AND state <> 'deleted'"
LANE_RUNS = """
    UPDATE notifications.job SET state = 'running', token = $2, lease_until = now() + interval '1 minute'
    WHERE key = $1 RETURNING id, asked
"""

Act: TypeAlias = Callable[[Transaction, UUID], Awaitable[object]]


async def enable(tx: Transaction, endpoint: UUID) -> None:
    """Its owner enables an endpoint."""
    await manage.enable(tx, endpoint, OWNER)


async def register(tx: Transaction, _endpoint: UUID) -> None:
    """The owner registers another one."""
    subscription = Subscription(types=frozenset(), least_priority="P4", audience=Audience.OFFICER)
    await manage.register(tx, Register(agency=None, url=HOOK, sandbox=True, subscription=subscription), OWNER)


@pytest.mark.parametrize("act", [enable, register])
async def test_a_retired_agency_keeps_no_enabled_endpoint_whatever_its_owner_does_meanwhile(
    notifications: Notifications, act: Act
) -> None:
    endpoint = await notifications.endpoint()
    await notifications.harness.rows("UPDATE notifications.endpoint SET state = 'disabled'")
    async with asyncio.TaskGroup() as group, notifications.harness.application.database.as_tenant(AGENCY) as slow:
        await act(slow, UUID(endpoint["id"]))
        retiring = group.create_task(notifications.told(retired("ice-on")))
        await eventually(lambda: _waits_or_is_over(notifications, retiring))
    states = [row["state"] for row in await notifications.harness.rows(STATES)]
    assert set(states) == {"disabled"}


async def test_two_that_register_the_last_endpoint_at_once_do_not_both_have_it(notifications: Notifications) -> None:
    for _ in range(MOST_ENDPOINTS - 1):
        last = await notifications.endpoint()
    async with asyncio.TaskGroup() as group, notifications.harness.application.database.as_tenant(AGENCY) as slow:
        await register(slow, UUID(last["id"]))
        posted = notifications.post(notifications.agency(), "/v1/endpoints", url=HOOK)
        second = group.create_task(posted)
        await eventually(lambda: _waits_or_is_over(notifications, second))
    assert (second.result().status_code, second.result().json()["type"]) == (
        422, "urn:interlink:problem:endpoint.too_many",
    )  # fmt: skip
    assert len(await notifications.harness.rows(STATES)) == MOST_ENDPOINTS


async def test_an_attempt_that_disables_and_who_wakes_the_lanes_meanwhile_wait_for_no_circle(
    notifications: Notifications,
) -> None:
    """The attempt ends with its own lane locked; whoever sends to several wakes them in order of their keys."""
    endpoint = await notifications.endpoint()
    await notifications.told(notifications.created())
    notifications.clock.advance(COLLECTS_FOR)
    await notifications.harness.work()
    (delivery,) = await notifications.deliveries(endpoint)
    answered = Tried(
        delivery=UUID(delivery["id"]), endpoint=UUID(endpoint["id"]), at=notifications.clock.now(), milliseconds=1,
        result=Answered(410),
    )  # fmt: skip
    database = notifications.harness.application.database
    async with database.as_system() as tx:
        lanes.wake(tx, EndpointId(answered.endpoint), AGENCY, tx.now())
    token = ids.new()
    (job,) = await notifications.harness.rows(LANE_RUNS, f"{endpoint['id']}:2", token)
    async with asyncio.TaskGroup() as group, database.as_system() as attempt:
        await deliver.record(attempt, answered, 1.0)
        await attempt.rows(FINISH, {"ids": [job["id"]], "asked": [job["asked"]], "token": token})
        group.create_task(_wake_all(database, EndpointId(answered.endpoint)))
        await eventually(lambda: is_waiting(notifications))
    assert (await notifications.show(endpoint))["disabled_reason"] == "gone"
    lanes_left = await notifications.harness.rows("SELECT FROM notifications.job WHERE kind = $1", lanes.DELIVER)
    assert len(lanes_left) == LANES


async def _wake_all(database: Database, endpoint: EndpointId) -> None:
    async with database.as_system() as tx:
        lanes.wake(tx, endpoint, AGENCY, tx.now())


async def _waits_or_is_over(notifications: Notifications, task: "asyncio.Task[object]") -> bool:
    """Whether the other one has come as far as it can."""
    return task.done() or await is_waiting(notifications)
