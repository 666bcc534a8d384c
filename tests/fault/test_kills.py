"""kill -9 of each process in the middle of a file: nothing is lost, nothing happens twice."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from suite.chain import chain
from suite.running import Suite

from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life


SERVICES = tuple(
    f"{service}-{role}"
    for service in ("intake", "routing", "isp-liaison", "notifications")
    for role in ("api", "worker")
)


@pytest.mark.parametrize("order", [SERVICES, SERVICES[::-1]], ids=["down the chain", "up the chain"])
async def test_every_process_killed_in_the_middle_of_the_chain_loses_and_doubles_nothing(
    suite: Suite, order: tuple[str, ...]
) -> None:
    """Asked once, answered once, told: whoever dies while officers decide, providers answer and agencies are told.

    A new file comes before each kill, so that something is under way at every step of the chain.
    """
    await suite.ready()
    bodies = [made.body for made in files(7000 + len(order[0]), len(order), 15, now=NOW)]
    entries: set[UUID] = set()
    async with chain(suite) as acting:
        for process, body in zip(order, bodies, strict=True):
            entries |= await suite.entries_of([await suite.deliver("bureau-nl", body)])
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
        assert await acting.not_received() == {}
    await suite.ready()
