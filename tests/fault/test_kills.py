"""kill -9 of each process in the middle of a file: nothing is lost, nothing happens twice."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import pytest
from suite.chain import chain
from suite.running import Suite, all_of

from contracts import registry
from contracts.events.jurisdictions import AssignmentCreated
from kit.testing.eventually import eventually
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


@pytest.mark.parametrize("process", ["intake-api", "intake-worker", "routing-api", "routing-worker"])
async def test_a_process_killed_in_the_middle_of_files_loses_and_doubles_nothing(suite: Suite, process: str) -> None:
    await suite.ready()
    bodies = [made.body for made in files(len(process) + ord(process[0]), 6, 40, now=NOW)]

    async def kill() -> None:
        suite.kill(process)

    posted = await all_of(*[suite.deliver("bureau-nl", body) for body in bodies[:3]], kill())
    rest = await all_of(*[suite.deliver("bureau-nl", body) for body in bodies[3:]])
    receipts = [*posted[:3], *rest]
    entries = await suite.entries_of(receipts)
    await suite.settled(entries)

    async def each_is_told_once() -> bool:
        told = await _assignments(suite)
        assert entries <= set(told)
        return all(told[entry] == 1 for entry in entries)

    await eventually(each_is_told_once, within=30)
    await suite.ready()


@pytest.mark.parametrize(
    "process",
    ["isp-liaison-api", "isp-liaison-worker", "notifications-api", "notifications-worker", "routing-worker"],
)
async def test_a_process_killed_in_the_middle_of_the_chain_loses_and_doubles_nothing(
    suite: Suite, process: str
) -> None:
    """Asked once, answered once, told: whoever dies while officers decide, providers answer and agencies are told."""
    await suite.ready()
    bodies = [made.body for made in files(7000 + len(process) + ord(process[-5]), 3, 40, now=NOW)]
    async with chain(suite) as acting:
        entries = await suite.entries_of(await all_of(*[suite.deliver("bureau-nl", body) for body in bodies]))
        for _ in range(3):
            await acting.decided()
            await suite.killed(process)
        await suite.settled(entries)
        await acting.identified(entries)
        await acting.applied(entries)
        await suite.settled(entries)
        await acting.told(entries)

        lines = await acting.lines(entries)
        at_providers = await acting.received_by_providers()
        assert {at_providers[str(row["line"])] for row in lines} == {1}
        completed = await acting.completed()
        producing = {(row["entry"], row["line"]) for row in lines if row["instrument"] == "production_order"}
        assert {completed[key] for key in producing} == {1}
        received, delivered = await acting.received_by_agencies(), await acting.delivered()
        assert {webhook: received.get(webhook) for webhook in delivered} == delivered
    await suite.ready()


async def _assignments(suite: Suite) -> Counter[UUID]:
    """How many different `assignment.created` there are of each entry; a duplicate has the same event id."""
    created = registry.of(AssignmentCreated).type
    records = await suite.records(registry.JURISDICTIONS)
    payloads = {told.id: payload for told, payload in records if told.type == created}
    return Counter(AssignmentCreated.model_validate_json(payload).entry for payload in payloads.values())
