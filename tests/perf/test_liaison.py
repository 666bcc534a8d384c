"""Liaison's hot paths: as many statements for a batch as for one suspect, and no large table read from end to end."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from perf.test_plans import fill
from perf.watching import Watched, watching
from service.isp_liaison.conftest import DEMAND, NOW, PRODUCTION, Liaison, authority, capture, identified
from service.isp_liaison.provider import Provider

from contracts import ids
from contracts.events.identifications import IdentificationCancelled
from contracts.events.jurisdictions import AssignmentCreated
from isp_liaison.service import service
from isp_liaison.store import lines, requests
from kit.connections import positional
from kit.testing.databases import TestDatabase, TestDatabases, execute
from kit.testing.harness import running
from kit.time import SettableClock

MOST_OF_A_BATCH = 10
"""Statements for a whole batch of what routing wants (10 when this was written)."""
NUMBER_OF = """
    SELECT r.number FROM isp_liaison.request r JOIN isp_liaison.line l ON l.request = r.id
    JOIN isp_liaison.line_entry e ON e.line = l.id WHERE e.entry = $1 AND r.instrument = $2
"""
SIZES = (1, 50, 500)
LARGE = (
    "request", "line", "line_entry", "answer", "authority", "sealed_text", "subscriber_record", "holder", "unplaced",
    "event_sequence", "inbox_default", "job", "outbox",
)  # fmt: skip

# Fifty thousand of each: their own requests, lines and suspects, all open, none a draft.
COPIED = {
    "request": "'id', n.a, 'number', 'IR-2025-' || 100000 + n.number, 'state', 'sent', 'investigation', n.b, "
    "'provider_tenant', 'provider:n-' || n.number % 500, 'offered_at', now(), "
    "'perishes_at', now() + n.number * interval '1 minute'",
    "line": "'id', n.c, 'request', n.a, 'investigation', n.b, 'mark', n.d",
    "line_entry": "'line', n.c, 'entry', n.d, 'tenant', {tenant}",
    "authority": "'request', n.a",
    "sealed_text": "'request', n.a",
    "answer": "'id', n.a, 'request', n.a, 'line', n.c, 'state', 'confirmed'",
    "subscriber_record": "'id', n.b, 'line', n.c",
    "holder": "'entry', n.d, 'tenant', {tenant}, 'holder_tenant', 'agency:n-' || n.number % 500",
    "unplaced": "'id', n.a, 'entry', n.d, 'tenant', {tenant}",
}


@pytest.fixture
async def liaison(database: TestDatabase) -> AsyncIterator[Liaison]:
    async with running(service, database, SettableClock(NOW)) as harness:
        yield Liaison(harness, await harness.process.keyring.new_key(), Provider())


def captures(liaison: Liaison, size: int, offset: int = 0) -> list[Any]:
    return [
        liaison.requested(
            capture(f"70.{24 + offset}.{number // 250}.{number % 250}"),
            capture(f"70.{24 + offset}.{number // 250}.{number % 250}", grade="X", item="/captures/1"),
        )
        for number in range(size)
    ]


async def statements(liaison: Liaison, *events: Any) -> int:
    with watching() as seen:
        await liaison.told(*events)
    (transaction,) = seen.transactions
    return len(transaction)


async def test_as_many_statements_for_a_batch_as_for_one_suspect(liaison: Liaison) -> None:
    await liaison.given()  # what is known of providers is read once a minute
    counts: dict[int, set[int]] = {}
    for offset, size in enumerate(SIZES):
        events = captures(liaison, size, offset + 1)
        again = [event.model_copy(update={"entry": event.entry}) for event in events]
        gone = [
            IdentificationCancelled(
                entry=event.entry, kind="suspect", referral=event.referral, investigation=event.investigation,
                reason="withdrawn",
            )
            for event in events
        ]  # fmt: skip
        held = [
            AssignmentCreated(
                entry=event.entry, kind="suspect", referral=event.referral, investigation=event.investigation,
                assignment=ids.new(), holder="ice-on", determination=ids.new(), body="ice-on", hop=1,
                assigned_at=NOW, due_at=NOW,
            )
            for event in events
        ]  # fmt: skip
        for step, batch in enumerate((events, again, held, gone)):
            counts.setdefault(step, set()).add(await statements(liaison, *batch))
    assert all(len(found) == 1 for found in counts.values()), counts
    assert max(max(found) for found in counts.values()) <= MOST_OF_A_BATCH, counts


async def test_a_batch_reads_no_line_that_its_drafts_have_already(liaison: Liaison) -> None:
    """A file's lines collect in one draft: what a batch reads must not grow with those before it."""
    await liaison.told(*captures(liaison, 40))
    with watching() as seen:
        await liaison.told(*captures(liaison, 10, 1))
    assert positional(requests.REFRESH)[0] not in seen.statements
    (drafts,) = await liaison.harness.rows("SELECT count(*) AS count FROM isp_liaison.request")
    assert drafts["count"] == 2


async def test_who_is_cancelled_costs_what_was_asked_for_them_and_not_all_that_their_drafts_collect(
    liaison: Liaison,
) -> None:
    """A draft may collect a hundred thousand lines: what is fetched must not grow with them."""
    fetched: list[int] = []
    for offset, size in enumerate((2, 100)):
        first, *_ = events = captures(liaison, size, offset + 1)
        await liaison.told(*events)
        with watching() as seen:
            await liaison.cancelled(first.entry)
        fetched.append(seen.rows)
    assert fetched[0] == fetched[1], fetched
    assert {one["line_count"] for one in await liaison.queue(state="draft")} == {100}


async def test_as_many_statements_for_an_answer_to_many_lines_as_to_one(liaison: Liaison) -> None:
    counts: dict[str, set[int]] = {}
    for offset, size in enumerate((1, 100)):
        await liaison.told(*captures(liaison, size, offset + 1))
        number = await liaison.sent()
        told = {"zone": "America/Toronto", "lines": [identified(one["line"]) for one in await liaison.lines(number)]}
        async with liaison.of_provider() as client:
            with watching() as seen:
                answer = await client.post(f"/v1/requests/{number}:answer", json=told)
            assert {one["verdict"] for one in answer.json()["lines"]} == {"taken"}
        counts.setdefault("answer", set()).add(len(seen.statements))
        with watching() as seen:
            await liaison.harness.work()
        counts.setdefault("apply", set()).add(len(seen.statements))
    assert all(len(found) == 1 for found in counts.values()), counts


@pytest.fixture(scope="module")
async def full(databases: TestDatabases) -> AsyncIterator[Liaison]:
    """Liaison with much behind it."""
    database = await databases.make()
    async with running(service, database, SettableClock(NOW)) as harness:
        made = Liaison(harness, await harness.process.keyring.new_key(), Provider())
        suspect = await made.given(capture(), capture("70.24.10.3", grade="X", item="/captures/1"))
        await made.held_by(suspect, "ice-on", "agency:ice-on")
        await made.identified_and_released(suspect)
        await fill(database, "isp_liaison", COPIED)
        yield made
    await databases.drop(database)


LARGE_DRAFT = """
    INSERT INTO isp_liaison.line
    SELECT (jsonb_populate_record(l, to_jsonb(l) || jsonb_build_object(
        'id', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'mark', 'm-' || n,
        'perishes_at', l.perishes_at + n * interval '1 minute',
        'state', CASE WHEN n <= $2 THEN 'dropped' ELSE 'open' END
    ))).* FROM isp_liaison.line l CROSS JOIN generate_series(1, $1) AS n WHERE l.request = $3 LIMIT $1
"""
OF_DRAFTS = {"asking": lines.REQUESTS_WITH_OPEN, "refreshing": requests.REFRESH}
"""What is asked of a draft after each batch that left it."""
PAGES = 60
"""A few descents of an index, the request's own row, and what the planner looks at."""


@pytest.mark.parametrize("empty", [True, False])
async def test_a_large_draft_is_not_read_through_when_a_batch_leaves_it(liaison: Liaison, *, empty: bool) -> None:
    """Neither the lines that left it before nor those that stay; also by plans from before the table had grown."""
    await liaison.given()
    url = liaison.harness.database.superuser_url
    (draft,) = await liaison.harness.rows("SELECT id FROM isp_liaison.request WHERE instrument = $1", DEMAND)
    system = await asyncpg.connect(liaison.harness.database.url("isp_liaison_system"))
    await system.execute("SET plan_cache_mode = force_generic_plan")
    if empty:
        await prepared(system, draft["id"])
    await liaison.harness.rows(LARGE_DRAFT, 20_000, 10_000, draft["id"])
    await execute(url, ["UPDATE isp_liaison.line SET state = 'dropped' WHERE mark NOT LIKE 'm-%'"])
    if not empty:
        await execute(url, ["VACUUM ANALYZE isp_liaison.line"])
        await prepared(system, draft["id"])
    for name in OF_DRAFTS:
        plan = await system.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {name} ('{{{draft['id']}}}')")
        top = json.loads(plan)[0]["Plan"]
        assert top["Shared Hit Blocks"] + top["Shared Read Blocks"] <= PAGES, (name, plan)
    await system.close()


async def prepared(system: asyncpg.Connection, draft: UUID) -> None:
    """Plan for all times what is asked of drafts."""
    for name, statement in OF_DRAFTS.items():
        await system.execute(f"PREPARE {name} AS {positional(statement)[0]}")
        await system.execute(f"EXECUTE {name} ('{{{draft}}}')")


def assert_by_index(seen: Watched, *tables: str) -> None:
    assert seen.scanned(*LARGE) == []
    assert [table for table in tables if not seen.read(table)] == []


async def test_a_batch_of_what_is_wanted_is_found_by_index(full: Liaison) -> None:
    with watching(plans=True) as seen:
        events = captures(full, 40, 7)
        await full.told(*events)
        await full.told(*events)
        await full.cancelled(*(event.entry for event in events[:20]))
        await full.held_by(events[0].entry, "ice-on", "agency:ice-on")
    assert_by_index(seen, "request", "line", "line_entry")


async def test_the_queue_and_a_request_are_found_by_index(full: Liaison) -> None:
    row = (await full.harness.rows("SELECT number FROM isp_liaison.request LIMIT 1"))[0]
    for client in (
        full.officer(),
        full.harness.client("provider:n-7", "requests:read", Interlink_Purpose="plans"),
    ):
        with watching(plans=True) as seen:
            async with client as http:
                first = (await http.get("/v1/requests", params={"limit": 20})).json()
                await http.get("/v1/requests", params={"limit": 20, "cursor": first["next"]})
                sent = (await http.get("/v1/requests", params={"limit": 20, "state": "sent"})).json()
                await http.get(f"/v1/requests/{row['number']}")
        assert len(first["items"]) == len(sent["items"]) == 20
        assert_by_index(seen, "request", "line")


async def test_a_whole_life_is_found_by_index(full: Liaison) -> None:
    suspect = await full.given(capture("70.99.1.1"), investigation=ids.new())
    await full.held_by(suspect, "ice-qc", "agency:ice-qc")
    with watching(plans=True) as seen:
        for instrument in (DEMAND, PRODUCTION):
            (asked,) = await full.harness.rows(NUMBER_OF, suspect, instrument)
            number = asked["number"]
            await full.post(f"requests/{number}:submit", {"authority": authority(instrument)})
            await full.approve(number)
            await full.harness.work()
            (line,) = await full.lines(number)
            told = {"line": line["line"], "outcome": "preserved"} if instrument == DEMAND else identified(line["line"])
            assert (await full.answered(number, told)).status_code == 200
        await full.confirmed()
        (record,) = await full.harness.rows(
            "SELECT r.id FROM isp_liaison.subscriber_record r JOIN isp_liaison.line_entry e ON e.line = r.line"
            " WHERE e.entry = $1", suspect,
        )  # fmt: skip
        async with full.of_agency("ice-qc") as client:
            assert (await client.get(f"/v1/subscribers/{record['id']}")).status_code == 200
    assert_by_index(seen, *(set(LARGE) - {"unplaced", "inbox_default"}))
