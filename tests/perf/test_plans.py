"""No work of one request, batch or round reads a large table from end to end.

Every statement is explained as it runs: with its parameters, as its role, with the settings of its transaction.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import cast

import pytest
from perf.files import a_file
from perf.watching import Watched, nodes, watching
from service.routing.conftest import ABROAD, Routing, capture, items

from intake.service import service as intake_service
from kit.migrations.v1 import SHARDS
from kit.producer import Producer
from kit.relay import DELETE, MOST_ROWS, Relay
from kit.testing.databases import TestDatabase, TestDatabases, execute
from kit.testing.harness import Harness, running
from kit.time import SettableClock
from routing.service import service as routing_service

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
ROWS = 50_000
TENANTS = 500
ONE_OF_MANY = "n-7"

# Copies of a real row under ids, tenants and keys of their own; `{changed}` says what else differs.
COPIES = """
    INSERT INTO {table} SELECT copy.* FROM {table} AS one
    CROSS JOIN copies n CROSS JOIN LATERAL jsonb_populate_record(one, jsonb_build_object({changed})) AS copy
    WHERE one.ctid = (SELECT min(ctid) FROM {table})
"""
NUMBERED = """
    CREATE TABLE public.copies AS
    SELECT number, gen_random_uuid() AS a, gen_random_uuid() AS b, gen_random_uuid() AS c, gen_random_uuid() AS d
    FROM generate_series(1, {rows}) AS number
"""
TENANT = "'partner:n-' || n.number % {tenants}"
MECHANISM = (
    """INSERT INTO outbox (shard, topic, key, headers, payload)
       SELECT number % {shards}, 'interlink.suspects', convert_to(number::text, 'UTF8'), '[]', repeat('x', 500)::bytea
       FROM public.copies""",
    """INSERT INTO job (id, kind, key, due_at, tenant, payload)
       SELECT a, 'other.' || number % 20, number::text, now() + number * interval '1 minute', 'centre', '{{}}'
       FROM public.copies""",
    """INSERT INTO event_sequence SELECT 'interlink.suspects', a::text, 1 FROM public.copies""",
    """INSERT INTO inbox SELECT a FROM public.copies""",
)


async def fill(database: TestDatabase, schema: str, copies: dict[str, str]) -> None:
    """Fifty thousand rows in each of these tables and in the kit's, and their statistics."""
    words = {"rows": ROWS, "shards": SHARDS}
    statements = [
        f"SET search_path = {schema}, public",
        "SET session_replication_role = replica",
        NUMBERED.format(**words),
        *(
            COPIES.format(table=f"{schema}.{table}", changed=changed.format(tenant=TENANT.format(tenants=TENANTS)))
            for table, changed in copies.items()
        ),
        *(statement.format(**words) for statement in MECHANISM),
        *(f"ANALYZE {schema}.{table}" for table in (*copies, "outbox", "job", "event_sequence", "inbox")),
    ]
    await execute(database.superuser_url, statements)


def assert_by_index(seen: Watched, *tables: str) -> None:
    """Each of the tables was read, and none from end to end."""
    assert seen.scanned(*LARGE) == []
    assert [table for table in tables if not seen.read(table)] == []


LARGE = (
    "assignment", "determination", "entry", "entry_part", "event_sequence", "idempotency", "identification_request",
    "inbox_default", "investigation", "investigation_referral", "job", "outbox", "referral", "referral_version",
    "transfer_proposal",
)  # fmt: skip

OF_ROUTING = {
    "investigation": "'id', n.d, 'tenant', {tenant}",
    "investigation_referral": "'referral', n.b, 'tenant', {tenant}, 'investigation', n.d",
    "entry": "'id', n.a, 'tenant', {tenant}, 'referral', n.b, 'investigation', n.d",
    "entry_part": "'entry', n.a, 'tenant', {tenant}",
    "determination": "'id', n.c, 'entry', n.a, 'tenant', {tenant}",
    "assignment": "'id', n.d, 'entry', n.a, 'determination', n.c, 'tenant', {tenant}, 'holder_tenant', "
    "'agency:n-' || n.number % 500, "
    # as in life, most were taken long ago, and of the others none is late
    "'state', CASE n.number % 10 WHEN 0 THEN 'assigned' ELSE 'accepted' END, "
    "'due_at', now() + CASE n.number % 10 WHEN 0 THEN 1 ELSE -1 END * n.number * interval '1 hour'",
    "identification_request": "'id', n.d, 'entry', n.a, 'determination', n.c, 'tenant', {tenant}",
}


@pytest.fixture(scope="module")
async def routing(databases: TestDatabases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Routing]:
    """Routing with much behind it."""
    database = await databases.make()
    folder = tmp_path_factory.mktemp("networks")
    async with running(routing_service, database, SettableClock(NOW), home=folder) as harness:
        made = Routing(harness, await harness.process.keyring.new_key())
        await made.given_suspect(items(captures=[capture()]))
        await fill(database, "routing", OF_ROUTING)
        yield made
    await databases.drop(database)


async def one_of(harness: Harness, table: str, tenant: str, column: str = "tenant") -> dict[str, object]:
    """A row of a tenant."""
    rows = await harness.rows(f"SELECT * FROM {table} WHERE {column} = $1 LIMIT 1", tenant)
    return dict(rows[0])


async def test_an_agencys_page_of_assignments(routing: Routing) -> None:
    with watching(plans=True) as seen:
        async with routing.agency(ONE_OF_MANY) as client:
            first = await client.get("/v1/assignments", params={"limit": 20})
            second = await client.get("/v1/assignments", params={"limit": 20, "cursor": first.json()["next"]})
    assert len(first.json()["items"]) == len(second.json()["items"]) == 20
    assert_by_index(seen, "assignment")


async def test_the_centres_page_of_assignments(routing: Routing) -> None:
    with watching(plans=True) as seen:
        async with routing.coordinator() as client:
            everybodys = await client.get("/v1/assignments", params={"limit": 200})
            holders = await client.get("/v1/assignments", params={"limit": 200, "holder": ONE_OF_MANY})
    assert (everybodys.status_code, holders.status_code) == (200, 200)
    assert_by_index(seen, "assignment")


async def test_a_suspects_story_as_its_holder_its_partner_and_the_centre_read_it(routing: Routing) -> None:
    held = await one_of(routing.harness, "routing.assignment", f"agency:{ONE_OF_MANY}", "holder_tenant")
    reported = await one_of(routing.harness, "routing.entry", f"partner:{ONE_OF_MANY}")
    with watching(plans=True) as seen:
        async with routing.agency(ONE_OF_MANY) as client:
            answers = [await client.get(f"/v1/suspects/{held['entry']}")]
        async with routing.partner(ONE_OF_MANY) as client:
            answers.append(await client.get(f"/v1/suspects/{reported['id']}"))
        async with routing.coordinator() as client:
            answers.append(await client.get(f"/v1/suspects/{held['entry']}"))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert_by_index(seen, "entry", "determination", "assignment", "identification_request")


async def test_a_decision_of_an_agency(routing: Routing) -> None:
    held = await one_of(routing.harness, "routing.assignment", f"agency:{ONE_OF_MANY}", "holder_tenant")
    with watching(plans=True) as seen:
        async with routing.agency(ONE_OF_MANY) as client:
            await client.post(f"/v1/assignments/{held['id']}:accept")
    assert_by_index(seen, "assignment", "entry")


async def test_a_batch_of_new_amended_and_withdrawn_suspects(routing: Routing) -> None:
    told = [routing.suspect(items(captures=[capture()])) for _ in range(60)]
    with watching(plans=True) as seen:
        await routing.told(*told)
        await routing.told(
            *(routing.suspect(items(captures=[capture(ABROAD)]), one.suspect, version=2) for one in told)
        )
        await routing.answered(told[0].suspect, country="CA", province="CA-ON", municipality="Guelph")
        await routing.withdrawn(told[1].suspect, version=3)
    assert_by_index(seen, *(set(OF_ROUTING) - {"investigation"}), "event_sequence")


async def test_late_assignments_are_found(routing: Routing) -> None:
    await routing.harness.process.worker.plant()
    with watching(plans=True) as seen:
        assert await routing.harness.work() >= 1
    assert_by_index(seen, "job", "assignment")
    (flagging,) = [root for statement, root in seen.plans if "SET overdue = true" in statement]
    assert "assignment_due" in {node.get("Index Name") for node in nodes(flagging)}


@pytest.mark.parametrize("absent", [[], ["interlink.nowhere"]], ids=["all topics there", "one absent"])
@pytest.mark.parametrize("floor", [0, 1_000_000], ids=["much to send", "nothing to send"])
async def test_a_round_of_the_relay(routing: Routing, floor: int, absent: list[str]) -> None:
    database = routing.harness.process.database
    sender = Relay(database, cast("Producer", None), relays=2)  # nothing is sent here
    sender._floors.at = dict.fromkeys(range(SHARDS), floor)
    with watching(plans=True) as seen:
        async with database.as_system() as tx:
            rows = await sender._locked_rows(tx, absent)
            await tx.execute(DELETE, {"places": [row.place for row in rows]})
    assert len(rows) == (MOST_ROWS if floor == 0 else 0)
    assert_by_index(seen, "outbox")


OF_INTAKE = {
    "referral": "'id', n.a, 'tenant', {tenant}, "
    "'number', 'IL-2026-' || 100000 + n.number, 'reference', 'R-' || n.number",
    "referral_version": "'referral_id', n.a, 'tenant', {tenant}",
    "payload": "'referral_id', n.a, 'tenant', {tenant}",
    "entry": "'id', n.b, 'referral_id', n.a, 'tenant', {tenant}",
    "entry_part": "'entry_id', n.b, 'tenant', {tenant}",
    "idempotency": "'tenant', {tenant}, 'key', n.number, 'referral_id', n.a",
}


@pytest.fixture(scope="module")
async def intake(databases: TestDatabases) -> AsyncIterator[Harness]:
    """Intake with much behind it."""
    database = await databases.make()
    async with running(intake_service, database, SettableClock(NOW)) as harness:
        await post(harness, a_file("first", 1), "first")
        await fill(database, "intake", OF_INTAKE)
        yield harness
    await databases.drop(database)


async def post(intake: Harness, body: bytes, key: str) -> str:
    """Hand in a file; its number."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    async with intake.client("partner:bureau-nl", "referrals:write") as client:
        answer = await client.post("/v1/referrals", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()["number"]


async def test_pages_of_referrals_and_the_progress_of_one(intake: Harness) -> None:
    callers = [(f"partner:{ONE_OF_MANY}", "partner"), ("centre", "coordinator")]
    own = await one_of(intake, "intake.referral", f"partner:{ONE_OF_MANY}")
    for tenant, role in callers:
        with watching(plans=True) as seen:
            async with intake.client(tenant, "referrals:read", roles=[role], Interlink_Purpose="plans") as client:
                first = await client.get("/v1/referrals", params={"limit": 20})
                second = await client.get("/v1/referrals", params={"limit": 20, "cursor": first.json()["next"]})
                shown = await client.get(f"/v1/referrals/{own['number']}")
        assert len(first.json()["items"]) == len(second.json()["items"]) == 20
        assert len(shown.json()["entries"]) == 1
        assert_by_index(seen, "referral", "referral_version", "entry")


async def test_files_that_are_new_repeated_and_amended(intake: Harness) -> None:
    file = a_file("again", 20)
    with watching(plans=True) as seen:
        await post(intake, file, "one")
        await post(intake, file, "one")
        await post(intake, file, "two")
        await post(intake, a_file("again", 30, version=2), "three")
    assert_by_index(seen, "referral", "referral_version", "entry", "idempotency")


async def test_old_keys_are_found(intake: Harness) -> None:
    await intake.process.worker.plant()
    with watching(plans=True) as seen:
        assert await intake.work() >= 1
    assert_by_index(seen, "job", "idempotency")
