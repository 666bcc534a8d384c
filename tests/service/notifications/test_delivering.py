"""A notice on its way: the right bytes, the right signature, every attempt in the ledger, and who is left in peace."""

import asyncio
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest
from service.notifications.conftest import PUBLIC, Notifications, Receiver, opened, short
from standardwebhooks.webhooks import Webhook

from contracts import ids
from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, EndpointDisabled, NoticeAcknowledged
from kit.testing.databases import TestDatabase
from kit.testing.eventually import eventually

SCHEDULE = [5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 10 * 3600]
DUE = "SELECT due_at FROM notifications.delivery WHERE state = 'pending'"


async def given_a_notice(notifications: Notifications, **created: Any) -> None:
    """One notice, frozen and sent once."""
    await notifications.told(notifications.created(**{"referral": ids.new(), **created}))
    await notifications.later(seconds=5)


async def attempts(notifications: Notifications, endpoint: dict[str, Any]) -> list[dict[str, Any]]:
    """The attempts of an endpoint's newest delivery."""
    return (await notifications.deliveries(endpoint))[0]["attempts"]


async def test_an_assignment_is_told_delivered_and_acknowledged(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint()
    created = notifications.created()
    await notifications.told(created)
    assert await notifications.work() == 0
    await notifications.later(seconds=5)
    (call,) = notifications.receiver.calls
    told = Webhook(endpoint["secret"]).verify(call.body, call.headers)
    (notice,) = await notifications.notices()
    assert told["type"] == "interlink.notice.issued.v1"
    assert told["subject"] == told["data"]["notice"] == notice["id"]
    assert told["data"]["link"] == f"{PUBLIC}/v1/notices/{notice['id']}"
    assert (told["data"]["items"], told["data"]["priority"]) == (1, "P3")
    assert [short(one) for one in told["data"]["types"]] == ["assignment.created"]
    (succeeded,) = await notifications.published(DeliverySucceeded)
    assert (str(succeeded.delivery), succeeded.agency) == (call.headers["webhook-id"], "ice-on")
    assert (succeeded.referral, succeeded.attempts) == (notifications.referral, 1)

    answer = await notifications.post(notifications.agency(), f"/v1/notices/{notice['id']}:acknowledge")
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    (acknowledged,) = await notifications.published(NoticeAcknowledged)
    assert (str(acknowledged.notice), acknowledged.rung) == (notice["id"], "officer")
    (event,) = await notifications.feed()
    assert event["data"]["assignment"] == str(created.assignment)


async def test_a_webhook_is_thin_and_in_both_languages(notifications: Notifications) -> None:
    await notifications.endpoint()
    await notifications.told(*(notifications.created() for _ in range(500)))
    await notifications.later(seconds=5)
    (call,) = notifications.receiver.calls
    assert call.headers["content-type"].startswith("application/cloudevents+json")
    assert len(call.body) < 2_000
    assert call.event["id"] == call.headers["webhook-id"]
    assert call.event["testmode"] == "true"
    assert "500 items" in call.event["data"]["text"]["en"]
    assert "500 éléments" in call.event["data"]["text"]["fr"]


async def test_every_attempt_has_the_same_id_and_bytes_and_its_line_in_the_ledger(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [500, "close", (302, {"Location": "/elsewhere"}), 204]
    endpoint = await notifications.endpoint()
    await given_a_notice(notifications)
    for wait in SCHEDULE[:3]:
        await notifications.later(seconds=wait)
    calls = notifications.receiver.to("/ice-on")
    assert len({call.headers["webhook-id"] for call in calls}) == len({call.body for call in calls}) == 1
    assert len({call.headers["webhook-timestamp"] for call in calls}) == len(calls) == 4
    assert all(call.signed_with(endpoint["secret"]) for call in calls)
    assert notifications.receiver.to("/elsewhere") == []  # a redirect is never followed
    (delivery,) = await notifications.deliveries(endpoint)
    assert (delivery["id"], delivery["state"]) == (calls[0].headers["webhook-id"], "succeeded")
    lines = [(line["number"], line["status"], line["error"]) for line in delivery["attempts"]]
    assert lines == [(1, 500, None), (2, None, "cut_off"), (3, 302, None), (4, 204, None)]
    (succeeded,) = await notifications.published(DeliverySucceeded)
    assert succeeded.attempts == 4


async def test_attempts_follow_the_schedule_to_its_end(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [503]
    endpoint = await notifications.endpoint()
    await given_a_notice(notifications)
    for wait in SCHEDULE:
        await notifications.later(seconds=wait - 1)
        await notifications.later(seconds=1)
    (delivery,) = await notifications.deliveries(endpoint)
    assert (delivery["state"], delivery["reason"]) == ("failed", "schedule_exhausted")
    times = [datetime.fromisoformat(line["at"]) for line in delivery["attempts"]]
    assert [(after - before).total_seconds() for before, after in pairwise(times)] == SCHEDULE
    (failed,) = await notifications.published(DeliveryFailed)
    assert (failed.reason, failed.attempts) == ("schedule_exhausted", 8)


@pytest.mark.parametrize(("jitter", "waited"), [(0.8, 4.0), (1.2, 6.0)])
async def test_a_wait_has_jitter(database: TestDatabase, receiver: Receiver, jitter: float, waited: float) -> None:
    receiver.answers["/ice-on"] = [500]
    async with opened(database, receiver, jitter=jitter) as notifications:
        await notifications.endpoint()
        await given_a_notice(notifications)
        (row,) = await notifications.harness.rows(DUE)
        assert row["due_at"] - notifications.clock.now() == timedelta(seconds=waited)


@pytest.mark.parametrize(("asked", "waited"), [("7", 7), ("3600", 10), ("0", 5), ("soon", 5), ("date", 8)])
async def test_retry_after_is_honoured_within_bounds(notifications: Notifications, asked: str, waited: int) -> None:
    then = notifications.clock.now().replace(microsecond=0) + timedelta(seconds=5 + 8)
    text = format_datetime(then) if asked == "date" else asked
    notifications.receiver.answers["/ice-on"] = [(429, {"Retry-After": text})]
    await notifications.endpoint()
    await given_a_notice(notifications)
    (row,) = await notifications.harness.rows(DUE)
    assert abs(row["due_at"] - notifications.clock.now() - timedelta(seconds=waited)) < timedelta(seconds=1)


async def test_an_endpoint_that_hangs_delays_no_other_and_has_four_calls_at_most(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = ["hang"]
    await notifications.endpoint("ice-on")
    await notifications.endpoint("ice-qc")
    told = [notifications.created(slug, referral=ids.new()) for slug in ("ice-on", "ice-qc") for _ in range(40)]
    await notifications.told(*told)
    notifications.clock.advance(timedelta(seconds=5))
    stop, receiver = asyncio.Event(), notifications.receiver
    async with asyncio.TaskGroup() as group:
        group.create_task(notifications.harness.process.worker.run(stop))
        await eventually(lambda: len(receiver.to("/ice-qc")) == 40)
        await eventually(lambda: receiver.open_calls.get("/ice-on") == 4)
        assert len(receiver.to("/ice-on")) == 4
        stop.set()
        receiver.free.set()
    assert receiver.most_open["/ice-on"] == 4


async def test_an_endpoint_that_hangs_is_cut_off(database: TestDatabase, receiver: Receiver) -> None:
    receiver.answers["/ice-on"] = ["hang"]
    async with opened(database, receiver, seconds=1.5) as notifications:
        endpoint = await notifications.endpoint()
        await given_a_notice(notifications)
        (line,) = await attempts(notifications, endpoint)
    assert (line["status"], line["error"]) == (None, "timed_out")
    assert 250 <= line["milliseconds"] < 5_000


async def test_nobody_there_is_an_ordinary_failure(notifications: Notifications) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    endpoint = await notifications.endpoint(url=f"http://127.0.0.1:{port}/")
    await given_a_notice(notifications)
    (line,) = await attempts(notifications, endpoint)
    assert line["error"] in ("unreachable", "address_refused")


async def test_after_three_failures_in_a_row_an_endpoint_rests_for_a_minute(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [500]
    await notifications.endpoint()
    for _ in range(3):
        await notifications.told(notifications.created(referral=ids.new()), priority="P1")
    await notifications.work()
    assert len(notifications.receiver.calls) == 3
    await notifications.told(notifications.created(referral=ids.new()), priority="P1")
    await notifications.later(seconds=59)
    assert len(notifications.receiver.calls) == 3
    notifications.receiver.answers["/ice-on"] = [200]
    await notifications.later(seconds=1)
    assert len(notifications.receiver.calls) == 7  # the new one, and the others' second attempts


async def test_410_disables_the_endpoint_and_its_owner_is_told_elsewhere(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [410]
    endpoint = await notifications.endpoint(types=["interlink.assignment.created.v1"])
    other = await notifications.endpoint(path="/other", types=["interlink.assignment.overdue.v1"])
    await given_a_notice(notifications)
    shown = await notifications.show(endpoint)
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "gone")
    (disabled,) = await notifications.published(EndpointDisabled)
    assert (str(disabled.endpoint), disabled.agency, disabled.reason) == (endpoint["id"], "ice-on", "gone")
    (failed,) = await notifications.published(DeliveryFailed)
    assert failed.reason == "endpoint_gone"
    assert await notifications.types() == ["assignment.created", "endpoint.disabled"]
    await notifications.later(seconds=5)
    (call,) = notifications.receiver.to("/other")  # whatever it subscribed to
    assert call.signed_with(other["secret"])
    assert [short(one) for one in call.event["data"]["types"]] == ["endpoint.disabled"]
    await given_a_notice(notifications)
    assert len(notifications.receiver.to("/ice-on")) == 1


async def test_that_an_endpoint_was_disabled_reaches_officers_and_the_unit(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [410]
    await notifications.endpoint()
    await notifications.endpoint(path="/officer", types=["interlink.assignment.overdue.v1"])
    await notifications.endpoint(path="/unit", audience="unit")
    await given_a_notice(notifications)
    notifications.receiver.calls.clear()
    await notifications.later(seconds=5)
    assert sorted(call.path for call in notifications.receiver.calls) == ["/officer", "/unit"]


async def test_an_endpoint_is_disabled_after_120_hours_of_nothing_but_failures(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [500]
    endpoint = await notifications.endpoint()
    await given_a_notice(notifications)
    for wait in SCHEDULE:
        await notifications.later(seconds=wait)
    await notifications.later(hours=119 - sum(SCHEDULE) / 3600)
    await given_a_notice(notifications)
    assert (await notifications.show(endpoint))["state"] == "enabled"
    await notifications.later(hours=2)
    shown = await notifications.show(endpoint)
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "failing_for_days")
    (disabled,) = await notifications.published(EndpointDisabled)
    assert disabled.reason == "failing_for_days"
    assert (await notifications.types())[-1] == "endpoint.disabled"
    failed = await notifications.published(DeliveryFailed)
    assert [one.reason for one in failed] == ["schedule_exhausted", "endpoint_disabled"]


async def test_one_success_is_a_clean_record(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [500, 200]
    endpoint = await notifications.endpoint()
    await given_a_notice(notifications)
    assert (await notifications.show(endpoint))["failing_since"] is not None
    await notifications.later(seconds=5)
    assert (await notifications.show(endpoint))["failing_since"] is None


METADATA = "169.254.169.254"


async def resolving(_host: str, _port: int) -> list[str]:
    return [METADATA]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/ice-on",
        "http://[::ffff:127.0.0.1]:{port}/ice-on",
        "http://[::1]:{port}/ice-on",
        "http://169.254.169.254/latest/meta-data",
        "https://hooks.example.org/interlink",  # which resolves to the metadata service
    ],
)
async def test_an_address_of_our_own_network_is_never_called(
    database: TestDatabase, receiver: Receiver, url: str
) -> None:
    async with opened(database, receiver, allowed="", resolver=_literal_or_metadata) as notifications:
        endpoint = await notifications.endpoint(url=url.format(port=receiver.port))
        await given_a_notice(notifications)
        (delivery,) = await notifications.deliveries(endpoint)
        (failed,) = await notifications.published(DeliveryFailed)
    assert receiver.calls == []
    assert (delivery["state"], delivery["reason"], failed.reason) == ("failed", "address_refused", "address_refused")
    assert [(line["status"], line["error"]) for line in delivery["attempts"]] == [(None, "address_refused")]


async def _literal_or_metadata(host: str, port: int) -> list[str]:
    return [host] if ":" in host or host[0].isdigit() else await resolving(host, port)


async def test_a_redirect_into_our_own_network_leads_nowhere(notifications: Notifications) -> None:
    inside = notifications.receiver.url("/inside")
    notifications.receiver.answers["/ice-on"] = [(307, {"Location": inside})]
    endpoint = await notifications.endpoint()
    await given_a_notice(notifications)
    assert notifications.receiver.to("/inside") == []
    (line,) = await attempts(notifications, endpoint)
    assert line["status"] == 307
    assert (await notifications.deliveries(endpoint))[0]["state"] == "pending"


@pytest.mark.parametrize("testmode", [True, False])
async def test_test_notices_go_to_sandboxes_alone_and_real_ones_never(
    database: TestDatabase, receiver: Receiver, testmode: bool
) -> None:
    async with opened(database, receiver, seconds=0.5) as notifications:
        sandbox = await notifications.endpoint()
        real = await notifications.endpoint(url=f"https://127.0.0.1:{receiver.port}/real", sandbox=False)
        notifications.testmode = testmode
        await given_a_notice(notifications)
        of = {"sandbox": sandbox, "real": real}
        reached = {name: len(await notifications.deliveries(endpoint)) for name, endpoint in of.items()}
    assert reached == {"sandbox": int(testmode), "real": int(not testmode)}


async def test_an_endpoint_hears_what_it_subscribed_to(notifications: Notifications) -> None:
    await notifications.endpoint(path="/urgent", least_priority="P1")
    await notifications.endpoint(path="/overdue", types=["interlink.assignment.overdue.v1"])
    created = notifications.created()
    await notifications.told(created)
    await notifications.later(seconds=5)
    assert notifications.receiver.calls == []
    await notifications.told(notifications.overdue(created))
    await notifications.later(seconds=5)
    assert [call.path for call in notifications.receiver.calls] == ["/overdue"]
    await notifications.told(notifications.created(), priority="P1")
    await notifications.work()
    assert [call.path for call in notifications.receiver.calls] == ["/overdue", "/urgent"]


async def test_the_most_urgent_of_what_waits_goes_first(notifications: Notifications) -> None:
    """Within a lane; an endpoint that was down gets what matters most before the rest."""
    notifications.receiver.answers["/ice-on"] = [500]
    await notifications.endpoint()
    for _ in range(20):
        await given_a_notice(notifications)
    await notifications.told(notifications.created(referral=ids.new()), priority="P0")
    await notifications.work()
    notifications.receiver.answers["/ice-on"] = [200]
    notifications.receiver.calls.clear()
    await notifications.later(hours=24)
    first_of_each_lane = [call.event["data"]["priority"] for call in notifications.receiver.calls[:4]]
    assert "P0" in first_of_each_lane
