"""Somebody has read it, or it climbs: officer, unit, centre."""

import pytest
from service.notifications.conftest import Notifications, short, without_request_id

from contracts import ids
from contracts.events.deliveries import NoticeAcknowledged

PATH = "/v1/notices/{}:acknowledge"


async def urgent(notifications: Notifications, holder: str = "ice-on", priority: str = "P0") -> str:
    """The id of an urgent notice that has gone out."""
    await notifications.told(notifications.created(holder), priority=priority)
    await notifications.work()
    return (await notifications.notices(holder))[0]["id"]


async def test_a_second_acknowledgement_is_answered_like_the_first(notifications: Notifications) -> None:
    notice = await urgent(notifications)
    first = await notifications.post(notifications.agency(), PATH.format(notice))
    await notifications.later(minutes=3)
    second = await notifications.post(notifications.agency(), PATH.format(notice))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert len(await notifications.published(NoticeAcknowledged)) == 1
    audit = await notifications.harness.rows(
        "SELECT subject, tenant FROM notifications.audit_entry WHERE action = 'notice.acknowledged'"
    )
    assert [(row["subject"], row["tenant"]) for row in audit] == [(notice, "agency:ice-on")]


async def test_another_agencys_notice_reads_like_one_that_does_not_exist(notifications: Notifications) -> None:
    notice = await urgent(notifications)
    async with notifications.agency("ice-qc") as client:
        for method, path in (("POST", PATH), ("GET", "/v1/notices/{}")):
            other = await client.request(method, path.format(notice))
            nothing = await client.request(method, path.format(ids.new()))
            assert other.status_code == nothing.status_code == 404
            assert without_request_id(other) == without_request_id(nothing)
        assert (await client.get("/v1/notices", params={"agency": "ice-on"})).json()["items"] == []
    assert await notifications.published(NoticeAcknowledged) == []


async def test_the_centre_sees_every_notice_and_acknowledges_only_its_own(notifications: Notifications) -> None:
    notice = await urgent(notifications)
    async with notifications.coordinator() as client:
        assert (await client.get(f"/v1/notices/{notice}")).status_code == 200
        answer = await client.post(PATH.format(notice))
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:notice.of_another_agency")


async def test_what_still_collects_cannot_be_acknowledged(notifications: Notifications) -> None:
    await notifications.told(notifications.created())
    (notice,) = await notifications.notices()
    answer = await notifications.post(notifications.agency(), PATH.format(notice["id"]))
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:interlink:problem:notice.collecting")


async def test_a_token_without_the_scope_is_refused(notifications: Notifications) -> None:
    notice = await urgent(notifications)
    client = notifications.harness.client("agency:ice-on", "notices:read")
    assert (await notifications.post(client, PATH.format(notice))).status_code == 403


async def test_a_notice_shows_its_events_in_pages(notifications: Notifications) -> None:
    await notifications.told(*(notifications.created() for _ in range(5)))
    (notice,) = await notifications.notices()
    path, seen, cursor = f"/v1/notices/{notice['id']}", [], {}
    async with notifications.agency() as client:
        for expected in (2, 2, 1):
            page = (await client.get(path, params={"limit": 2, **cursor})).json()
            seen += [one["id"] for one in page["events"]]
            cursor = {"cursor": page["next"]}
            assert len(page["events"]) == expected
        assert page["next"] is None
    assert seen == [one["id"] for one in await notifications.feed()]


@pytest.mark.parametrize(("priority", "minutes"), [("P0", 15), ("P1", 240)])
async def test_what_nobody_acknowledges_climbs_from_officer_to_unit_to_centre(
    notifications: Notifications, priority: str, minutes: int
) -> None:
    await notifications.endpoint(path="/officer")
    unit = await notifications.endpoint(path="/unit", audience="unit")
    await notifications.endpoint("centre")
    notice = await urgent(notifications, priority=priority)
    paths = [call.path for call in notifications.receiver.calls]
    assert paths == ["/officer"]

    await notifications.later(minutes=minutes - 1)
    assert len(notifications.receiver.calls) == 1
    await notifications.later(minutes=1)
    (call,) = notifications.receiver.to("/unit")
    assert call.signed_with(unit["secret"])
    assert (call.event["type"], call.event["data"]["rung"]) == ("interlink.notice.escalated.v1", "unit")
    assert call.event["data"]["notice"] == notice

    await notifications.later(minutes=minutes)
    (call,) = notifications.receiver.to("/centre")
    assert [short(one) for one in call.event["data"]["types"]] == ["notice.escalated"]
    (told,) = await notifications.feed("centre")
    assert (told["data"]["agency"], told["data"]["notice"]) == ("ice-on", notice)
    (of_centre,) = await notifications.notices("centre")
    assert of_centre["priority"] == priority

    answer = await notifications.post(notifications.agency(), PATH.format(notice))
    assert answer.json()["rung"] == "centre"
    (acknowledged,) = await notifications.published(NoticeAcknowledged)
    assert acknowledged.rung == "centre"


async def test_an_acknowledgement_stops_the_climb(notifications: Notifications) -> None:
    await notifications.endpoint(path="/unit", audience="unit")
    notice = await urgent(notifications)
    await notifications.later(minutes=15)
    assert len(notifications.receiver.to("/unit")) == 2  # it stands in for the officer, and is the next rung
    await notifications.post(notifications.agency(), PATH.format(notice))
    await notifications.later(hours=24)
    assert await notifications.feed("centre") == []
    assert len(notifications.receiver.calls) == 2


async def test_a_rung_where_nobody_listens_is_stepped_over(notifications: Notifications) -> None:
    await notifications.endpoint()
    await urgent(notifications)
    await notifications.later(minutes=15)
    assert await notifications.types("centre") == ["notice.escalated"]


async def test_above_the_centre_there_is_nobody(notifications: Notifications) -> None:
    await notifications.endpoint("centre")
    await urgent(notifications, "centre")
    await notifications.later(hours=24)
    assert await notifications.types("centre") == ["assignment.created"]
    assert len(notifications.receiver.calls) == 1


async def test_what_is_not_urgent_never_climbs(notifications: Notifications) -> None:
    await notifications.told(notifications.created(), priority="P2")
    await notifications.later(days=3)
    assert await notifications.feed("centre") == []
