"""A replay where clocks differ, where there is much, and where an officer's endpoint has heard it already."""

from datetime import datetime, timedelta
from typing import Any

from perf.watching import watching
from service.notifications.conftest import Notifications
from sqlalchemy import text

from contracts import ids

AHEAD = timedelta(seconds=65)
"""How far a worker's clock is before the API's."""
MADE_DUE = "SET state = 'pending'"


async def enabled(notifications: Notifications, endpoint: dict[str, Any]) -> None:
    """Its owner enables the endpoint."""
    answer = await notifications.post(notifications.agency(), f"/v1/endpoints/{endpoint['id']}:enable")
    assert answer.status_code == 200, answer.text


async def replayed(notifications: Notifications, endpoint: dict[str, Any], since: datetime) -> None:
    """Its owner asks for everything since then."""
    path = f"/v1/endpoints/{endpoint['id']}:replay"
    answer = await notifications.post(notifications.agency(), path, since=since.isoformat())
    assert answer.status_code == 202, answer.text


async def test_what_ended_by_a_clock_that_is_ahead_is_sent_again(notifications: Notifications) -> None:
    """The worker that ended it has another clock than the process that takes the replay in."""
    notifications.receiver.answers["/ice-on"] = [410]
    endpoint = await notifications.endpoint()
    began = notifications.clock.now()
    await notifications.told(*(notifications.created(referral=ids.new()) for _ in range(3)))
    notifications.clock.advance(AHEAD)
    await notifications.later(seconds=5)
    notifications.clock.advance(-AHEAD)
    failed = {one["id"] for one in await notifications.deliveries(endpoint) if one["state"] == "failed"}
    assert len(failed) == 3  # the one that was answered, and those that waited

    notifications.receiver.answers["/ice-on"] = [200]
    notifications.receiver.calls.clear()
    await enabled(notifications, endpoint)
    await replayed(notifications, endpoint, began)
    await notifications.later(seconds=1)
    assert {call.headers["webhook-id"] for call in notifications.receiver.calls} == failed


async def test_the_ledger_is_gone_through_once_while_a_replay_waits_for_others(
    notifications: Notifications,
) -> None:
    endpoint = await notifications.endpoint()
    began = notifications.clock.now()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    with watching() as seen:
        async with notifications.harness.application.database.as_system() as writing:
            await writing.scalar(text("SELECT CAST(pg_current_xact_id() AS text)"))
            await replayed(notifications, endpoint, began)
            for _ in range(4):
                await notifications.later(seconds=1)
        await notifications.later(seconds=1)
    assert len([one for one in seen.statements if MADE_DUE in one]) == 1
    assert len(notifications.receiver.calls) == 2


async def disabled_unit(notifications: Notifications) -> dict[str, Any]:
    """The unit's endpoint, of which nobody knows but its owner."""
    unit = await notifications.endpoint(path="/unit", audience="unit")
    await notifications.harness.rows("UPDATE notifications.endpoint SET state = 'disabled' WHERE audience = 'unit'")
    return unit


async def test_a_unit_does_not_get_by_replay_what_officers_were_sent(notifications: Notifications) -> None:
    await notifications.endpoint()
    unit = await notifications.endpoint(path="/unit", audience="unit")
    began = notifications.clock.now()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    await replayed(notifications, unit, began)
    await notifications.later(seconds=1)
    assert [call.path for call in notifications.receiver.calls] == ["/ice-on"]


async def test_a_unit_gets_by_replay_what_climbed_past_it_to_the_centre(notifications: Notifications) -> None:
    """Officers were sent it and did not acknowledge it; the unit was disabled when its turn came."""
    await notifications.endpoint()
    unit, began = await disabled_unit(notifications), notifications.clock.now()
    await notifications.told(notifications.created(), priority="P0")
    await notifications.work()
    await notifications.later(minutes=15)
    await enabled(notifications, unit)
    await replayed(notifications, unit, began)
    await notifications.later(seconds=1)
    assert [call.path for call in notifications.receiver.calls] == ["/ice-on", "/unit"]


async def test_a_unit_gets_by_replay_what_it_missed_and_no_officer_was_sent(notifications: Notifications) -> None:
    await notifications.endpoint(types=["interlink.assignment.overdue.v1"])
    unit, began = await disabled_unit(notifications), notifications.clock.now()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    await enabled(notifications, unit)
    await replayed(notifications, unit, began)
    await notifications.later(seconds=1)
    assert [call.path for call in notifications.receiver.calls] == ["/unit"]


async def test_a_unit_gets_by_replay_that_an_endpoint_was_disabled_though_officers_know(
    notifications: Notifications,
) -> None:
    notifications.receiver.answers["/gone"] = [410]
    await notifications.endpoint(path="/gone", types=["interlink.assignment.created.v1"])
    await notifications.endpoint(types=["interlink.assignment.overdue.v1"])
    unit, began = await disabled_unit(notifications), notifications.clock.now()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    await notifications.later(seconds=5)
    await enabled(notifications, unit)
    await replayed(notifications, unit, began)
    await notifications.later(seconds=1)
    assert [call.path for call in notifications.receiver.calls] == ["/gone", "/ice-on", "/unit"]
