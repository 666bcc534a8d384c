"""Endpoints: whose they are, how they are called, and what their owner can do with them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from service.notifications.conftest import PUBLIC, Notifications, directory, retired, short, without_request_id
from standardwebhooks.webhooks import Webhook

from contracts.events.deliveries import DeliveryFailed, DeliverySucceeded, EndpointDisabled
from notifications.commands.freeze import freeze
from notifications.domain.endpoints import MOST_ENDPOINTS

HOOK = "https://hooks.example.org/interlink"


async def register(notifications: Notifications, slug: str = "ice-on", **body: Any) -> Any:
    """An agency registers an endpoint for itself."""
    return await notifications.post(notifications.agency(slug), "/v1/endpoints", **{"url": HOOK, **body})


async def act(notifications: Notifications, endpoint: dict[str, Any], verb: str, **body: Any) -> Any:
    """An agency does something with an endpoint of its own."""
    return await notifications.post(notifications.agency(), f"/v1/endpoints/{endpoint['id']}:{verb}", **body)


async def test_an_agency_registers_an_endpoint_and_sees_its_secret_once(notifications: Notifications) -> None:
    answer = await register(notifications, types=["interlink.assignment.created.v1"], least_priority="P2")
    made = answer.json()
    assert (answer.status_code, made["agency"], made["state"]) == (201, "ice-on", "enabled")
    assert made["secret"].startswith("whsec_")
    async with notifications.agency() as client:
        (listed,) = (await client.get("/v1/endpoints")).json()["items"]
        shown = (await client.get(f"/v1/endpoints/{made['id']}")).json()
    assert listed == shown == {name: value for name, value in made.items() if name != "secret"}
    rows = await notifications.harness.rows("SELECT to_jsonb(e)::text AS dump FROM notifications.endpoint e")
    assert not any(made["secret"].removeprefix("whsec_") in row["dump"] for row in rows)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://hooks.example.org/"}, "endpoint.scheme"),
        ({"url": "ftp://hooks.example.org/", "sandbox": True}, "endpoint.scheme"),
        ({"url": "https://user:pw@hooks.example.org/"}, "endpoint.url"),
        ({"url": "https://hooks.example.org/#part"}, "endpoint.url"),
        ({"url": "https://hooks.example.org/\x00"}, "endpoint.url"),
        ({"url": "not a url"}, "endpoint.url"),
        ({"types": ["interlink.suspect.reported.v1"]}, "request-invalid"),
        ({"least_priority": "P9"}, "request-invalid"),
        ({"secret": "whsec_mine"}, "request-invalid"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused(
    notifications: Notifications, body: dict[str, Any], code: str
) -> None:
    answer = await register(notifications, **body)
    assert (answer.status_code, answer.json()["type"]) == (422, f"urn:interlink:problem:{code}")


async def test_the_centre_registers_for_a_body_that_it_names_and_nobody_else_does(notifications: Notifications) -> None:
    assert (await notifications.endpoint("ice-qc"))["agency"] == "ice-qc"
    own = await notifications.post(notifications.coordinator(), "/v1/endpoints", url=HOOK)
    assert own.json()["agency"] == "centre"
    others = await register(notifications, agency="ice-qc")
    assert (others.status_code, others.json()["type"]) == (403, "urn:interlink:problem:agency.of_another")
    unknown = await notifications.post(notifications.coordinator(), "/v1/endpoints", url=HOOK, agency="atlantis")
    assert (unknown.status_code, unknown.json()["type"]) == (422, "urn:interlink:problem:agency.unknown")


async def test_a_client_whose_body_nobody_knows_has_no_endpoint(notifications: Notifications) -> None:
    answer = await register(notifications, "police-atlantis")
    assert answer.json()["type"] == "urn:interlink:problem:agency.unknown"
    client = notifications.harness.client("provider:ice-on", "endpoints:manage")  # a namesake of another kind
    assert (await notifications.post(client, "/v1/endpoints", url=HOOK)).status_code == 422


async def test_an_agency_has_so_many_endpoints_and_no_more(notifications: Notifications) -> None:
    for _ in range(MOST_ENDPOINTS):
        assert (await register(notifications)).status_code == 201
    answer = await register(notifications)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:endpoint.too_many")
    assert (await register(notifications, "ice-qc")).status_code == 201


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/deliveries"),
        ("POST", ":test"),
        ("POST", ":rotate"),
        ("POST", ":enable"),
        ("POST", ":replay"),
    ],
)
async def test_another_agencys_endpoint_reads_like_one_that_does_not_exist(
    notifications: Notifications, method: str, path: str
) -> None:
    endpoint = await notifications.endpoint("ice-on")
    body = {"since": "2026-11-01T00:00:00Z"} if path == ":replay" else None
    async with notifications.agency("ice-qc") as client:
        other = await client.request(method, f"/v1/endpoints/{endpoint['id']}{path}", json=body)
        nothing = await client.request(method, f"/v1/endpoints/{uuid4()}{path}", json=body)
    assert other.status_code == nothing.status_code == 404
    assert without_request_id(other) == without_request_id(nothing)
    assert (await notifications.show(endpoint))["state"] == "enabled"


async def test_a_test_event_is_signed_and_in_the_ledger_and_no_notice(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint()
    answer = await act(notifications, endpoint, "test")
    assert answer.status_code == 202
    await notifications.work()
    (call,) = notifications.receiver.calls
    told = Webhook(endpoint["secret"]).verify(call.body, call.headers)
    assert (told["type"], told["subject"]) == ("interlink.endpoint.test.v1", endpoint["id"])
    assert call.headers["webhook-id"] == answer.json()["delivery"]
    (delivery,) = await notifications.deliveries(endpoint)
    assert (delivery["kind"], delivery["state"], delivery["notice"]) == ("test", "succeeded", None)
    assert await notifications.published(DeliverySucceeded) == []


async def test_after_a_rotation_both_secrets_verify_for_a_day_and_then_only_the_new_one(
    notifications: Notifications,
) -> None:
    endpoint = await notifications.endpoint()
    old = endpoint["secret"]
    new = (await act(notifications, endpoint, "rotate")).json()["secret"]
    assert old != new
    for since_rotation, old_verifies in ((timedelta(hours=1), True), (timedelta(hours=23), False)):
        notifications.clock.advance(since_rotation)
        await act(notifications, endpoint, "test")
        await notifications.work()
        call = notifications.receiver.calls[-1]
        assert call.signed_with(new)
        assert call.signed_with(old) is old_verifies
        assert len(call.headers["webhook-signature"].split(" ")) == (2 if old_verifies else 1)


async def test_with_either_secret_the_library_verifies_during_the_grace(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint()
    new = (await act(notifications, endpoint, "rotate")).json()["secret"]
    await act(notifications, endpoint, "test")
    await notifications.work()
    (call,) = notifications.receiver.calls
    for secret in (endpoint["secret"], new):
        assert Webhook(secret).verify(call.body, call.headers)["id"] == call.headers["webhook-id"]


async def test_a_replay_sends_what_was_sent_since_then_under_the_same_ids(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint()
    for _ in range(3):
        await notifications.told(notifications.created())
        await notifications.later(seconds=60)
    before = list(notifications.receiver.calls)
    since = notifications.clock.now() - timedelta(seconds=119)  # the last two were made after it
    notifications.clock.advance(timedelta(seconds=1))
    answer = await act(notifications, endpoint, "replay", since=since.isoformat())
    assert answer.status_code == 202
    await notifications.work()
    again = notifications.receiver.calls[3:]
    sent = {(call.headers["webhook-id"], call.body) for call in before[1:]}
    assert len(again) == 2
    assert {(call.headers["webhook-id"], call.body) for call in again} == sent
    numbers = [[line["number"] for line in one["attempts"]] for one in await notifications.deliveries(endpoint)]
    assert numbers == [[1, 2], [1, 2], [1]]
    await notifications.work()
    assert len(notifications.receiver.calls) == 5


async def test_a_replay_sends_what_failed_and_what_was_missed_while_it_was_disabled(
    notifications: Notifications,
) -> None:
    notifications.receiver.answers["/ice-on"] = [410]
    endpoint = await notifications.endpoint(least_priority="P3")
    began = notifications.clock.now()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    await notifications.told(notifications.created())  # missed
    await notifications.told(notifications.created(), priority="P4")  # joins it
    await notifications.later(seconds=10)
    refused = await act(notifications, endpoint, "replay", since=began.isoformat())
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:interlink:problem:endpoint.disabled")
    assert (await act(notifications, endpoint, "test")).status_code == 409

    notifications.receiver.answers["/ice-on"] = [200]
    assert (await act(notifications, endpoint, "enable")).json()["state"] == "enabled"
    await act(notifications, endpoint, "replay", since=began.isoformat())
    await notifications.work()
    states = [(one["kind"], one["state"]) for one in await notifications.deliveries(endpoint)]
    assert states == [("issued", "succeeded")] * 3  # the failed one, the missed one, and that it was disabled
    first = notifications.receiver.calls[0]
    assert first.headers["webhook-id"] in {call.headers["webhook-id"] for call in notifications.receiver.calls[1:]}


async def test_a_replay_of_much_is_done_in_rounds(notifications: Notifications) -> None:
    endpoint = await notifications.endpoint(least_priority="P1")
    began = notifications.clock.now()
    await notifications.told(*(notifications.created(referral=uuid4()) for _ in range(230)))
    await notifications.later(seconds=5)
    assert notifications.receiver.calls == []
    await notifications.harness.rows("UPDATE notifications.endpoint SET least_priority = 'P4'")
    await act(notifications, endpoint, "replay", since=began.isoformat())
    await notifications.work()
    assert {row["status"] for row in await notifications.harness.rows("SELECT status FROM notifications.attempt")} == {
        200
    }
    assert len({call.event["data"]["notice"] for call in notifications.receiver.calls}) == 230
    notifications.clock.advance(timedelta(seconds=1))
    await act(notifications, endpoint, "replay", since=began.isoformat())
    await notifications.work()
    assert len(notifications.receiver.calls) == 460
    assert len({call.headers["webhook-id"] for call in notifications.receiver.calls}) == 230


@pytest.mark.parametrize("clock_ahead", [timedelta(0), timedelta(seconds=2)])
async def test_a_replay_sends_what_was_being_frozen_when_it_was_asked_for(
    notifications: Notifications, clock_ahead: timedelta
) -> None:
    """Whoever froze it saw the endpoint disabled, and is slow to commit; its clock need not be that of the replay."""
    endpoint = await notifications.endpoint()
    began = notifications.clock.now() - timedelta(seconds=1)
    await notifications.told(notifications.created())
    (notice,) = await notifications.notices()
    await notifications.harness.rows("UPDATE notifications.endpoint SET state = 'disabled'")
    async with notifications.harness.application.database.as_system() as slow:
        notifications.clock.advance(clock_ahead)
        await freeze(slow, [UUID(notice["id"])], PUBLIC)
        notifications.clock.advance(-clock_ahead)
        await act(notifications, endpoint, "enable")
        await act(notifications, endpoint, "replay", since=began.isoformat())
        for _ in range(3):
            await notifications.later(seconds=1)
        assert notifications.receiver.calls == []
    await notifications.later(seconds=1)
    (call,) = notifications.receiver.calls
    assert call.event["data"]["notice"] == notice["id"]
    await notifications.later(seconds=5)
    assert len(notifications.receiver.calls) == 1


async def test_a_deleted_endpoint_gets_nothing_and_what_waited_for_it_is_ended(notifications: Notifications) -> None:
    notifications.receiver.answers["/ice-on"] = [500]
    endpoint = await notifications.endpoint()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)
    async with notifications.agency() as client:
        path = f"/v1/endpoints/{endpoint['id']}"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.delete(path)).status_code == 404
        assert (await client.get("/v1/endpoints")).json()["items"] == []
    await notifications.later(hours=48)
    assert len(notifications.receiver.calls) == 1
    (failed,) = await notifications.published(DeliveryFailed)
    (disabled,) = await notifications.published(EndpointDisabled)
    assert (failed.reason, disabled.reason) == ("endpoint_gone", "by_owner")


async def test_a_retired_agencys_endpoints_are_disabled(notifications: Notifications) -> None:
    endpoint, other = await notifications.endpoint("ice-on"), await notifications.endpoint("ice-qc")
    await notifications.told(retired("ice-on"))
    shown = await notifications.show(endpoint)
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "agency_retired")
    assert (await notifications.show(other))["state"] == "enabled"
    (disabled,) = await notifications.published(EndpointDisabled)
    assert (disabled.agency, disabled.reason) == ("ice-on", "agency_retired")
    assert [short(one["type"]) for one in await notifications.feed()] == ["endpoint.disabled"]
    assert (await act(notifications, endpoint, "enable")).json()["type"] == "urn:interlink:problem:agency.unknown"
    assert (await register(notifications)).status_code == 422

    await notifications.told(directory("ice-on", "ice_unit"))  # it is back
    assert (await act(notifications, endpoint, "enable")).json()["state"] == "enabled"


async def test_an_older_state_of_the_directory_changes_nothing(notifications: Notifications) -> None:
    changed = notifications.harness.received(directory("ice-on", "ice_unit"), notifications.origin())
    await notifications.told(retired("ice-on"))
    await notifications.harness.deliver([changed])
    (row,) = await notifications.harness.rows("SELECT retired_on FROM notifications.agency WHERE id = 'ice-on'")
    assert row["retired_on"] is not None


async def test_every_act_on_an_endpoint_is_audited(notifications: Notifications) -> None:
    endpoint = (await register(notifications)).json()
    for verb in ("test", "rotate"):
        await act(notifications, endpoint, verb)
    await act(notifications, endpoint, "replay", since="2026-11-01T00:00:00Z")
    async with notifications.agency() as client:
        await client.delete(f"/v1/endpoints/{endpoint['id']}")
    rows = await notifications.harness.rows(
        "SELECT action FROM notifications.audit_entry WHERE subject = $1 ORDER BY id", endpoint["id"]
    )
    assert [row["action"] for row in rows] == [
        "endpoint.registered", "endpoint.tested", "endpoint.secret_rotated", "endpoint.replayed", "endpoint.deleted",
    ]  # fmt: skip
