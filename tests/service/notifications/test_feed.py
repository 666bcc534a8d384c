"""`GET /v1/events`: an agency's own, in an order that never changes, without a gap."""

import asyncio

import httpx
import pytest
from service.notifications.conftest import Notifications, without_request_id
from service.notifications.test_collecting import is_waiting

from contracts import ids
from kit.testing.eventually import eventually
from notifications import handlers


async def read(client: httpx.AsyncClient, after: str | None = None, limit: int = 200) -> tuple[list[str], str]:
    """Ids of the events after a cursor, and the next cursor."""
    query = {"limit": limit} if after is None else {"limit": limit, "after": after}
    answer = await client.get("/v1/events", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["items"]], answer.json()["next"]


async def test_an_event_is_read_as_it_was_published_without_who_reported(notifications: Notifications) -> None:
    (told,) = await notifications.told(notifications.created(), priority="P1")
    (event,) = await notifications.feed()
    assert event["id"] == str(told.envelope.id)
    assert event["type"] == "interlink.assignment.created.v1"
    assert (event["specversion"], event["source"], event["testmode"]) == ("1.0", "/interlink/routing", "true")
    assert (event["subject"], event["priority"]) == (told.envelope.subject, "P1")
    assert event["correlationid"] == str(notifications.referral)
    assert "tenant" not in event
    assert "bureau-nl" not in str(event)


async def test_reading_on_from_a_cursor_misses_nothing_and_repeats_nothing(notifications: Notifications) -> None:
    told = await notifications.told(*(notifications.created() for _ in range(7)))
    async with notifications.agency() as client:
        seen, cursor = await read(client, limit=3)
        more, cursor = await read(client, cursor, limit=3)
        last, cursor = await read(client, cursor, limit=3)
        nothing, same = await read(client, cursor)
        assert (len(seen), len(more), len(last), nothing) == (3, 3, 1, [])
        assert seen + more + last == [str(one.envelope.id) for one in told]
        (new,) = await notifications.told(notifications.created())
        assert (await read(client, same))[0] == [str(new.envelope.id)]
        assert (await read(client, limit=3))[0] == seen


async def test_the_beginning_of_an_empty_feed_has_a_cursor(notifications: Notifications) -> None:
    async with notifications.agency() as client:
        nothing, cursor = await read(client)
        (told,) = await notifications.told(notifications.created())
        assert (nothing, (await read(client, cursor))[0]) == ([], [str(told.envelope.id)])


async def test_an_agency_reads_its_own_events_alone(notifications: Notifications) -> None:
    (of_ontario,) = await notifications.told(notifications.created("ice-on"))
    (of_quebec,) = await notifications.told(notifications.created("ice-qc"))
    async with notifications.agency("ice-qc") as client:
        assert (await read(client))[0] == [str(of_quebec.envelope.id)]
        own = await client.get(f"/v1/events/{of_quebec.envelope.id}")
        other = await client.get(f"/v1/events/{of_ontario.envelope.id}")
        nothing = await client.get(f"/v1/events/{ids.new()}")
    assert (own.status_code, own.json()["id"]) == (200, str(of_quebec.envelope.id))
    assert other.status_code == nothing.status_code == 404
    assert without_request_id(other) == without_request_id(nothing)


async def test_the_centre_too_reads_only_what_it_was_told(notifications: Notifications) -> None:
    (other,) = await notifications.told(notifications.created("ice-on"))
    async with notifications.coordinator() as client:
        assert (await read(client))[0] == []
        assert (await client.get(f"/v1/events/{other.envelope.id}")).status_code == 404


@pytest.mark.parametrize("spoil", ["another tenant's", "another list's", "changed", "none"])
async def test_a_cursor_that_is_not_the_callers_own_is_refused(notifications: Notifications, spoil: str) -> None:
    await notifications.told(notifications.created("ice-on"), notifications.created("ice-on", referral=ids.new()))
    async with notifications.agency("ice-on") as client:
        _, cursor = await read(client)
        listed = (await client.get("/v1/notices", params={"limit": 1})).json()["next"]
    asked = {
        "another tenant's": cursor,
        "another list's": listed,
        "changed": cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        "none": "é",
    }[spoil]
    async with notifications.agency("ice-qc" if spoil == "another tenant's" else "ice-on") as client:
        answer = await client.get("/v1/events", params={"after": asked})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:interlink:problem:cursor-unknown")
    assert answer.json()["errors"][0]["pointer"] == "query:after"


async def test_nothing_ever_appears_before_a_cursor_whoever_commits_first(notifications: Notifications) -> None:
    """Two writers: the second, which began later, cannot be seen before the first one has committed."""
    first, second = (notifications.harness.received(notifications.created(), notifications.origin()) for _ in range(2))
    application = notifications.harness.application
    async with notifications.agency() as client, asyncio.TaskGroup() as group:
        async with application.database.as_system() as tx:
            await handlers.assignments_created(application, tx, [first])
            group.create_task(notifications.harness.deliver([second]))
            await eventually(lambda: is_waiting(notifications))
            nothing, cursor = await read(client)
            assert nothing == []
        seen, cursor = await eventually(lambda: _something(client, cursor))
        assert seen[0] == str(first.envelope.id)
        if len(seen) == 1:
            seen += (await eventually(lambda: _something(client, cursor)))[0]
    assert seen == [str(first.envelope.id), str(second.envelope.id)]
    rows = await notifications.harness.rows("SELECT position FROM notifications.item ORDER BY position")
    assert [row["position"] for row in rows] == [1, 2]


async def _something(client: httpx.AsyncClient, after: str) -> tuple[list[str], str]:
    seen, cursor = await read(client, after)
    assert seen
    return seen, cursor


async def test_a_writer_that_fails_leaves_no_gap(notifications: Notifications) -> None:
    application = notifications.harness.application
    lost = notifications.harness.received(notifications.created(), notifications.origin())

    async def fail() -> None:
        async with application.database.as_system() as tx:
            await handlers.assignments_created(application, tx, [lost])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await notifications.told(notifications.created())
    rows = await notifications.harness.rows("SELECT position FROM notifications.item")
    assert [row["position"] for row in rows] == [1]
