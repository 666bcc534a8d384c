"""Everything at once: what routing wants, cancels, and officers decide, in any order; nothing is lost or doubled."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from service.isp_liaison.conftest import (
    DEMAND,
    EAST,
    NORTH,
    ORDER,
    PRODUCTION,
    Liaison,
    authority,
    capture,
    identified,
)

from contracts import ids
from contracts.events.identifications import IdentificationCompleted, IdentificationPreserved
from kit.failures import is_transient
from kit.testing.databases import TestDatabase
from kit.testing.eventually import eventually

HOLD = "UPDATE isp_liaison.request SET perishes_at = perishes_at + interval '1 hour'"
TIED = """
    SELECT e.entry, e.line FROM isp_liaison.line_entry e JOIN isp_liaison.line l ON l.id = e.line
    WHERE l.instrument = $1 AND l.state = 'done' AND e.state = 'current'
"""
ADDRESSES = [f"70.24.10.{number}" for number in range(1, 13)]


async def until_done(act: Callable[[], Awaitable[object]]) -> None:
    """As the consumer does: what is transient is repeated."""
    while True:
        try:
            await act()
        except Exception as error:
            if not is_transient(error):
                raise
        else:
            return


async def submit_and(liaison: Liaison, *verbs: str, chance: random.Random) -> set[int]:
    """Officers at work on whatever waits; the statuses of what they did."""
    seen: set[int] = set()
    for one in await liaison.queue(instrument=PRODUCTION, state="draft"):
        answer = await liaison.post(f"requests/{one['number']}:submit", {"authority": authority()})
        seen.add(answer.status_code)
    for one in await liaison.queue(instrument=PRODUCTION, state="submitted"):
        verb = chance.choice(verbs)
        body = {"reason": "x"} if verb == "return" else None
        seen.add((await liaison.post(f"requests/{one['number']}:{verb}", body, sub="officer-2")).status_code)
    await liaison.harness.work()
    return seen


async def at_once(liaison: Liaison, wanted: list[tuple[UUID, list[str]]], gone: list[UUID]) -> None:
    """Everything that may happen, beside each other."""

    async def deciding() -> None:
        for _ in range(6):
            # 409 and 422: others were faster; 503: a lock was lost, and nothing stored
            assert await submit_and(liaison, "return", "approve", chance=random.Random(1)) <= {200, 409, 422, 503}

    def asking(entry: UUID, addresses: list[str]) -> Callable[[], Awaitable[object]]:
        captures = [capture(ip, item=f"/captures/{at}") for at, ip in enumerate(addresses)]
        return lambda: liaison.told(liaison.requested(*captures, entry=entry))

    async with asyncio.TaskGroup() as group:
        group.create_task(deciding())
        for entry, addresses in wanted:
            group.create_task(until_done(asking(entry, addresses)))
        for entry in gone:
            group.create_task(until_done(lambda entry=entry: liaison.cancelled(entry)))


async def test_nothing_is_lost_or_doubled_whoever_comes_first(liaison: Liaison) -> None:
    chance = random.Random(7)
    wanted = [(ids.new(), chance.sample(ADDRESSES, 3)) for _ in range(24)]
    gone = [entry for entry, _ in wanted[::6]]
    await at_once(liaison, wanted, gone)
    assert await submit_and(liaison, "approve", chance=chance) <= {200}

    lines = [line for call in liaison.provider.calls for line in call.told["lines"]]
    assert len({line["ip"] for line in lines}) == len(lines), "no second demand for the same data"
    for call in liaison.provider.calls:
        number = call.headers["idempotency-key"]
        await liaison.answered(number, *(identified(line["line"]) for line in call.told["lines"]))
    await liaison.confirmed()

    told = {(one.entry, one.line) for one in await liaison.published(IdentificationCompleted)}
    tied = {(row["entry"], row["line"]) for row in await liaison.harness.rows(TIED, PRODUCTION)}
    assert told == tied
    asked = {line["line"]: line["ip"] for line in lines}
    expected = {(entry, ip) for entry, addresses in wanted if entry not in gone for ip in addresses}
    assert expected <= {(entry, asked[str(line)]) for entry, line in tied}


async def test_who_joins_a_known_line_waits_for_nobody_who_holds_its_request(
    liaison: Liaison, database: TestDatabase
) -> None:
    """They lock the request and then its lines; to want the request with a line in hand would be a deadlock."""
    await liaison.given(capture(ADDRESSES[0]))
    connection = await asyncpg.connect(database.superuser_url)
    try:
        await connection.execute(HOLD)  # what the line perishes at is not what its request says
        async with connection.transaction():
            await connection.execute("SELECT FROM isp_liaison.request FOR UPDATE")
            async with asyncio.timeout(5):
                await liaison.given(capture(ADDRESSES[0]))
    finally:
        await connection.close()


WAITING = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
SEQUENCE = "SELECT FROM isp_liaison.event_sequence WHERE subject = $1 FOR UPDATE"


async def test_a_preservation_locks_every_request_for_its_data_before_any_line(
    liaison: Liaison, database: TestDatabase
) -> None:
    """Whoever has the production's request may take its lines: nobody who waits for the request holds one."""
    await liaison.given()
    demand = await liaison.sent(DEMAND)
    (line,) = await liaison.lines(demand)
    async with liaison.of_provider() as client:
        told = {"zone": "America/Toronto", "lines": [{"line": line["line"], "outcome": "preserved"}]}
        assert (await client.post(f"/v1/requests/{demand}:answer", json=told)).status_code == 200
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute("SELECT FROM isp_liaison.request WHERE instrument = $1 FOR UPDATE", PRODUCTION)
            group.create_task(liaison.harness.work())
            await eventually(lambda: _waits(liaison))
            await connection.execute("SELECT FROM isp_liaison.line WHERE instrument = $1 FOR UPDATE NOWAIT", PRODUCTION)
    finally:
        await connection.close()
    assert len(await liaison.published(IdentificationPreserved)) == 1


ADD_TO_ORDER = """
    WITH added AS (
        INSERT INTO isp_liaison.line
        SELECT (jsonb_populate_record(l, jsonb_build_object(
            'id', gen_random_uuid(), 'instrument', r.instrument, 'request', r.id
        ))).* FROM isp_liaison.line l, isp_liaison.request r WHERE l.id = $1 AND r.number = $2
        RETURNING request, perishes_at
    )
    UPDATE isp_liaison.request r SET perishes_at = added.perishes_at FROM added WHERE r.id = added.request
"""
BLOCKED = "SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"
SOONER = """
    WITH hastened AS (UPDATE isp_liaison.line SET perishes_at = $2 WHERE id = $1 RETURNING request)
    UPDATE isp_liaison.request r SET perishes_at = $2 FROM hastened WHERE r.id = hastened.request
"""


async def test_a_preservation_does_not_undo_the_sooner_day_of_a_draft_that_was_opened_meanwhile(
    liaison: Liaison, database: TestDatabase
) -> None:
    """The draft asks for what is preserved, too, and another batch is adding to it what perishes sooner."""
    kept = await liaison.given(capture(ADDRESSES[0], asn=EAST))
    demand = await liaison.sent(DEMAND)
    (preserved,) = await liaison.lines(demand)
    other = await liaison.given(capture(ADDRESSES[1], asn=EAST, at=capture().capture.at.replace(day=12)))
    await liaison.post("requests:draft", {"instrument": ORDER, "lines": [str(await _line_of(liaison, other))]})
    order = await liaison.number(ORDER)
    (of_order,) = await liaison.lines(order)
    async with liaison.of_provider("east") as client:
        told = {"zone": "America/Halifax", "lines": [{"line": preserved["line"], "outcome": "preserved"}]}
        assert (await client.post(f"/v1/requests/{demand}:answer", json=told)).status_code == 200
    holding, adding = await asyncpg.connect(database.superuser_url), await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, adding.transaction():
            async with holding.transaction():
                await holding.execute("SELECT FROM isp_liaison.request WHERE instrument = $1 FOR UPDATE", PRODUCTION)
                applied = group.create_task(liaison.harness.work())
                await eventually(lambda: _waits(liaison))
                await liaison.harness.rows(ADD_TO_ORDER, await _line_of(liaison, kept), order)
                await adding.execute(SOONER, UUID(of_order["line"]), datetime(2026, 12, 5, tzinfo=UTC))
            await eventually(lambda: _waits_for(liaison, adding, applied))
    finally:
        await holding.close()
        await adding.close()
    assert len(await liaison.published(IdentificationPreserved)) == 1
    assert (await liaison.shown(order))["perishes_at"] == "2026-12-05T00:00:00Z"


LOCK_LINE = "SELECT FROM isp_liaison.line WHERE id = $1 FOR UPDATE"
CURRENT = "SELECT FROM isp_liaison.line_entry WHERE entry = $1 AND state = 'current'"


@pytest.mark.parametrize("moved_by", ["return", "draft"])
async def test_who_is_cancelled_is_asked_about_no_more_though_a_line_moves_meanwhile(
    liaison: Liaison, database: TestDatabase, moved_by: str
) -> None:
    """An officer was first: the line went to another request, or another line was added, while we waited."""
    entry = await liaison.given()
    number = await liaison.number()
    (line,) = await liaison.lines(number)
    if moved_by == "return":
        await liaison.submit(number)
        held = "SELECT FROM isp_liaison.request WHERE number = $1 FOR UPDATE", number
        moving = liaison.post(f"requests/{number}:return", {"reason": "x"}, sub="officer-2")
    else:
        held = LOCK_LINE, UUID(line["line"])
        moving = liaison.post("requests:draft", {"instrument": ORDER, "lines": [line["line"]]})
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute(*held)  # both wait for this one row: who came first goes first
            moved = group.create_task(moving)
            await eventually(lambda: _waits(liaison))
            group.create_task(liaison.cancelled(entry))
            await eventually(lambda: _waits(liaison, 2))
    finally:
        await connection.close()
    assert moved.result().is_success
    assert await liaison.harness.rows(CURRENT, entry) == []
    assert await liaison.queue(state="draft") == []


JOIN = """
    INSERT INTO isp_liaison.line_entry
    SELECT (jsonb_populate_record(e, jsonb_build_object('line', $2::uuid, 'entry', $3::uuid, 'state', 'current'))).*
    FROM isp_liaison.line_entry e WHERE e.line = $1
"""


async def _line_of(liaison: Liaison, entry: UUID) -> UUID:
    """The line of a suspect under a production order."""
    (row,) = await liaison.harness.rows(
        "SELECT e.line FROM isp_liaison.line_entry e JOIN isp_liaison.line l ON l.id = e.line"
        " WHERE e.entry = $1 AND l.instrument = $2", entry, PRODUCTION,
    )  # fmt: skip
    return row["line"]


async def test_who_is_cancelled_is_asked_about_no_more_though_they_join_a_line_of_the_same_request_meanwhile(
    liaison: Liaison, database: TestDatabase
) -> None:
    """As by a redirect: it holds a line of theirs, and joins a known one without locking its request."""
    entry = await liaison.given(capture(ADDRESSES[0]))
    other = await liaison.given(capture(ADDRESSES[1]))
    mine, known = await _line_of(liaison, entry), await _line_of(liaison, other)
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute(LOCK_LINE, mine)
            await connection.execute(LOCK_LINE, known)
            group.create_task(liaison.cancelled(entry))
            await eventually(lambda: _waits(liaison))
            await connection.execute(JOIN, mine, known, entry)
    finally:
        await connection.close()
    assert await liaison.harness.rows(CURRENT, entry) == []
    (draft,) = await liaison.queue(state="draft", instrument=PRODUCTION)
    assert [line["entries"] for line in await liaison.lines(draft["number"])] == [[str(other)]]


async def test_a_request_that_somebody_joins_meanwhile_is_not_noted_as_cancelled(
    liaison: Liaison, database: TestDatabase
) -> None:
    last = await liaison.given(capture(ADDRESSES[0]))
    gone = await liaison.given(capture(ADDRESSES[1]))
    mine, line = await _line_of(liaison, last), await _line_of(liaison, gone)
    number = await liaison.sent()
    await liaison.cancelled(gone)  # its line stays in the request, for nobody
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute(LOCK_LINE, line)
            await connection.execute(JOIN, mine, line, ids.new())
            group.create_task(liaison.cancelled(last))
            await eventually(lambda: _waits(liaison))
    finally:
        await connection.close()
    assert (await liaison.shown(number))["desired_status"] == "sent"


ADD_URGENT = """
    INSERT INTO isp_liaison.line
    SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'investigation', $2::uuid, 'request', (
        SELECT r.id FROM isp_liaison.request r
        WHERE r.instrument = l.instrument AND r.investigation = $2 AND r.urgency = 'urgent'
    )))).* FROM isp_liaison.line l WHERE l.investigation = $1
"""


async def test_a_draft_whose_only_line_another_batch_adds_elsewhere_is_not_left_behind(
    liaison: Liaison, database: TestDatabase
) -> None:
    """An officer would find a draft of nothing, which says the day of a line that it never had."""
    day = capture().capture.at
    first, later = capture(ADDRESSES[0], asn=EAST), capture(ADDRESSES[1], asn=EAST, at=day.replace(day=20))
    elsewhere = ids.new()
    await liaison.given(first, investigation=elsewhere)
    await liaison.given(capture(ADDRESSES[2], asn=EAST), priority="P0")
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute(ADD_URGENT, elsewhere, liaison.investigation)
            group.create_task(liaison.given(first))
            await eventually(lambda: _waits(liaison))
    finally:
        await connection.close()
    ours = [one for one in await liaison.queue() if one["investigation"] == str(liaison.investigation)]
    assert {(one["urgency"], one["line_count"]) for one in ours} == {("urgent", 2)}

    await liaison.given(later)
    drafts = [one for one in await liaison.queue(instrument=PRODUCTION) if one["urgency"] == "routine"]
    assert sorted(one["perishes_at"][:10] for one in drafts) == ["2026-12-10", "2026-12-20"]


async def test_the_last_of_two_checks_at_once_leaves_no_line_open(liaison: Liaison, database: TestDatabase) -> None:
    """They lock different requests; each must count what the other one ended, or the suspect waits for ever."""
    suspect = ids.new()
    for asn, by in ((NORTH, "north"), (EAST, "east")):
        await liaison.given(capture(asn=asn), entry=suspect)
        number = await liaison.sent()
        (line,) = await liaison.lines(number)
        assert (await liaison.answered(number, {"line": line["line"], "outcome": "no_record"}, by=by)).is_success
    first, second = [one["id"] for one in await liaison.pending()]
    connection = await asyncpg.connect(database.superuser_url)
    try:
        async with asyncio.TaskGroup() as group, connection.transaction():
            await connection.execute(SEQUENCE, str(suspect))  # a check has counted, and waits to tell it
            checks = [group.create_task(liaison.check(first))]
            await eventually(lambda: _waits(liaison))
            checks.append(group.create_task(liaison.check(second)))
            await eventually(lambda: _waits(liaison, 2))
    finally:
        await connection.close()
    assert [check.result().status_code for check in checks] == [200, 200]
    told = await liaison.harness.published(IdentificationCompleted)
    assert max(told, key=lambda one: one.envelope.sequence).event.open_lines == 0
    assert {one.event.open_lines for one in told} == {0, 1}


async def _waits(liaison: Liaison, at_least: int = 1) -> bool:
    return len(await liaison.harness.rows(WAITING)) >= at_least


async def _waits_for(liaison: Liaison, connection: asyncpg.Connection, task: asyncio.Task[Any]) -> bool:
    """Somebody waits for what the connection has locked, or the task is done without."""
    return task.done() or bool(await liaison.harness.rows(BLOCKED, connection.get_server_pid()))
