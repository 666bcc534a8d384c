"""The schema, its statements and plans, and what is in no row and no log line."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from perf.watching import Watched, watching
from service.notifications.conftest import Notifications, Receiver, opened, retired
from sqlalchemy import text

from contracts import ids
from contracts.events.jurisdictions import AssignmentCreated
from kit.testing.databases import TestDatabases, execute
from notifications.store import tables

MARKER = "zq9marker"
ROWS = 20_000
NUMBERED = f"""
    CREATE TABLE public.copies AS
    SELECT number, gen_random_uuid() AS a, gen_random_uuid() AS b FROM generate_series(1, {ROWS}) AS number
"""
COPIES = """
    INSERT INTO notifications.{table} SELECT copy.* FROM notifications.{table} AS one
    CROSS JOIN copies n CROSS JOIN LATERAL jsonb_populate_record(one, jsonb_build_object({changed})) AS copy
    WHERE one.ctid = (SELECT min(ctid) FROM notifications.{table})
"""
TENANT = "'tenant', 'agency:n-' || n.number % 200"
FILLED = {
    "holding": f"'assignment', n.a, 'entry', n.b, {TENANT}",
    "feed_position": "'tenant', 'agency:m-' || n.number",
    "item": f"'event', n.a, 'notice', n.b, 'position', 1000 + n.number, {TENANT}",
    "notice": f"'id', n.a, 'referral', n.b, {TENANT}",
    "endpoint": f"'id', n.a, 'agency', 'n-' || n.number % 200, {TENANT}",
    "delivery": f"'id', n.a, 'endpoint', n.b, 'notice', n.a, {TENANT}",
    "attempt": f"'delivery', n.a, {TENANT}",
}


@pytest.mark.parametrize("table", ["feed_position", "item", "notice", "endpoint", "delivery", "attempt"])
async def test_a_tenant_sees_its_own_rows_alone(notifications: Notifications, table: str) -> None:
    for slug in ("ice-on", "ice-qc"):
        await notifications.endpoint(slug)
        await notifications.told(notifications.created(slug))
    await notifications.later(seconds=5)
    seen = text(f"SELECT DISTINCT tenant FROM {table}")
    async with notifications.harness.application.database.as_tenant("agency:ice-on") as tx:
        assert [row.tenant for row in await tx.rows(seen)] == ["agency:ice-on"]
    async with notifications.harness.application.database.as_centre() as tx:
        assert len(await tx.rows(seen)) == 2


@pytest.mark.parametrize(
    "intrusion",
    [
        'INSERT INTO endpoint SELECT (jsonb_populate_record(e, \'{"tenant": "agency:ice-qc"}\')).* FROM endpoint e',
        "UPDATE notice SET priority = 'P4'",
        "UPDATE endpoint SET url = 'https://elsewhere.example.org/'",
        "UPDATE delivery SET body = ''",
        "UPDATE item SET position = 0",
        "INSERT INTO attempt SELECT * FROM attempt",
        "DELETE FROM notice",
    ],
)
async def test_a_request_changes_nothing_but_what_its_caller_may_decide(
    notifications: Notifications, intrusion: str
) -> None:
    await notifications.endpoint()
    await notifications.told(notifications.created())
    await notifications.later(seconds=5)

    async def intrude() -> None:
        async with notifications.harness.application.database.as_tenant("agency:ice-on") as tx:
            await tx.execute(text(intrusion))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=r"row-level security|permission denied"):
        await intrude()


async def test_the_database_itself_holds_one_collecting_notice(notifications: Notifications) -> None:
    await notifications.told(notifications.created())
    columns = ", ".join(column.name for column in tables.notice.columns if column.name != "id")
    with pytest.raises(asyncpg.UniqueViolationError, match="notice_collecting"):
        await notifications.harness.rows(
            f"INSERT INTO notifications.notice (id, {columns}) SELECT gen_random_uuid(), {columns}"
            " FROM notifications.notice RETURNING id"
        )


async def test_a_batch_takes_as_many_statements_as_one_event(notifications: Notifications) -> None:
    counts: dict[int, int] = {}
    for size in (1, 50, 400):
        told = [notifications.created(f"ice-{number % 7}", referral=ids.new()) for number in range(size)]
        with watching() as seen:
            await notifications.told(*told)
        (transaction,) = seen.transactions
        counts[size] = len(transaction)
    assert len(set(counts.values())) == 1, counts
    assert counts[1] <= 10


async def test_nothing_personal_and_no_secret_is_in_any_row_event_or_log_line(
    notifications: Notifications, capfd: pytest.CaptureFixture[str]
) -> None:
    """A field that a newer writer adds by mistake is not kept either."""
    notifications.receiver.answers["/ice-on"] = [500]
    endpoint = await notifications.endpoint()
    created = notifications.created()
    spoilt = {**created.model_dump(mode="json"), "subscriber": {"name": f"{MARKER} name", "street": f"{MARKER} street"}}
    await notifications.told(AssignmentCreated.model_validate(spoilt), priority="P0")
    await notifications.told(notifications.completed(created.entry, subscriber_name=MARKER))
    await notifications.work()
    await notifications.later(hours=30)
    secret = endpoint["secret"].removeprefix("whsec_")
    named = await notifications.harness.rows(
        "SELECT table_name AS name FROM information_schema.tables"
        " WHERE table_schema = 'notifications' AND table_type = 'BASE TABLE'"
    )
    dumped = 0
    for table in named:
        for row in await notifications.harness.rows(
            f"SELECT to_jsonb(t)::text AS dump FROM notifications.{table['name']} t"
        ):
            dumped += 1
            assert MARKER not in row["dump"], table["name"]
            assert secret not in row["dump"], table["name"]
    assert dumped > 20
    assert all(MARKER not in one.event.model_dump_json() for one in await notifications.harness.published())
    assert all(MARKER.encode() not in call.body for call in notifications.receiver.calls)
    logged = "".join(capfd.readouterr())
    assert MARKER not in logged
    assert secret not in logged
    assert endpoint["url"] not in logged


@pytest.fixture(scope="module")
async def busy(databases: TestDatabases) -> AsyncIterator[Notifications]:
    """Notifications with much behind it."""
    database = await databases.make()
    async with opened(database, Receiver()) as made:
        await made.endpoint("ice-on", url="http://192.0.2.1/")  # refused at once
        await made.told(made.created("ice-on"))
        await made.later(seconds=5)
        statements = [
            "SET search_path = notifications, public",
            NUMBERED,
            *(COPIES.format(table=table, changed=changed) for table, changed in FILLED.items()),
            *(f"ANALYZE notifications.{table}" for table in FILLED),
        ]
        for statement in statements[1:]:
            await execute(database.superuser_url, [f"SET search_path = notifications, public; {statement}"])
        yield made
    await databases.drop(database)


def assert_by_index(seen: Watched, *read: str) -> None:
    """Each of these tables was read, and none of the large ones from end to end."""
    assert seen.scanned(*FILLED) == []
    assert [table for table in read if not seen.read(table)] == []


async def test_reads_follow_their_indexes(busy: Notifications) -> None:
    for client, scope in ((busy.harness.client("agency:n-7", "x"), "agency:n-7"), (busy.coordinator(), "centre")):
        await client.aclose()
        roles = ["coordinator"] if scope == "centre" else []
        rights = ("events:read", "notices:read", "endpoints:manage")
        (notice,) = await busy.harness.rows("SELECT id FROM notifications.notice WHERE tenant = 'agency:n-7' LIMIT 1")
        (endpoint,) = await busy.harness.rows(
            "SELECT id FROM notifications.endpoint WHERE tenant = 'agency:n-7' LIMIT 1"
        )
        with watching(plans=True) as seen:
            async with busy.harness.client(scope, *rights, roles=roles) as asking:
                first = (await asking.get("/v1/events", params={"limit": 20})).json()
                await asking.get("/v1/events", params={"limit": 20, "after": first["next"]})
                listed = (await asking.get("/v1/notices", params={"limit": 20})).json()
                await asking.get("/v1/notices", params={"limit": 20, "cursor": listed["next"]})
                await asking.get("/v1/notices", params={"limit": 20, "agency": "n-7"})
                await asking.get(f"/v1/notices/{notice['id']}")
                await asking.get("/v1/endpoints", params={"limit": 20})
                await asking.get("/v1/endpoints", params={"limit": 20, "agency": "n-7"})
                await asking.get(f"/v1/endpoints/{endpoint['id']}/deliveries")
        assert len(listed["items"]) == 20
        assert_by_index(seen, "item", "notice", "endpoint", "delivery")


async def test_a_batch_follows_its_indexes(busy: Notifications) -> None:
    created = [busy.created("ice-on", copies=["cfs-on"]) for _ in range(60)]
    with watching(plans=True) as seen:
        await busy.told(*created)
        await busy.told(*(busy.completed(one.entry) for one in created))
        await busy.told(*(busy.moved(one) for one in created))
    assert_by_index(seen, "item", "notice", "feed_position")


async def test_due_work_follows_its_indexes(busy: Notifications) -> None:
    await busy.told(busy.created("ice-on", referral=ids.new()), priority="P0")
    endpoint: Any
    (endpoint,) = await busy.harness.rows("SELECT id FROM notifications.endpoint WHERE tenant = 'agency:ice-on'")
    with watching(plans=True) as seen:
        await busy.work()
        await busy.later(minutes=16)
        async with busy.agency("ice-on") as client:
            await client.post(f"/v1/endpoints/{endpoint['id']}:test")
            await client.post(f"/v1/endpoints/{endpoint['id']}:replay", json={"since": "2026-01-01T00:00:00Z"})
            await client.delete(f"/v1/endpoints/{endpoint['id']}")
        await busy.work()
        await busy.told(retired("ice-on"))
    assert_by_index(seen, "notice", "item", "endpoint", "delivery")
    assert any("agency = ANY" in statement for statement, _ in seen.plans)
