"""kill -9 of each process in the middle of a file: nothing is lost, nothing happens twice."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from suite.running import Suite, all_of

from contracts import registry
from contracts.events.jurisdictions import AssignmentCreated
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
    first = Counter(
        AssignmentCreated.model_validate_json(payload).entry
        for told, payload in {told.id: (told, payload) for told, payload in await _assignments(suite)}.values()
    )
    assert all(first[entry] == 1 for entry in entries)
    await suite.ready()


async def _assignments(suite: Suite) -> list[tuple[registry.Topic, bytes]]:
    records = await suite.records(registry.JURISDICTIONS)
    return [record for record in records if record[0].type == registry.of(AssignmentCreated).type]  # pyright: ignore[reportReturnType]
