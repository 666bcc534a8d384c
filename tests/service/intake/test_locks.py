"""Two batches of progress about the same entries in opposite order: one waits for the other, none dies."""

import asyncio
from typing import Any
from uuid import UUID

from intake.commands.advance import advance
from intake.domain.progress import Determined
from kit.testing.harness import Harness
from sandbox.generator import native


async def test_batches_in_opposite_order_do_not_deadlock(intake: Harness, partner: Any) -> None:
    body = native.native_file(suspects=[native.suspect(f"S-{number}") for number in range(3)])
    posted = await partner.referral((await partner.post(body)).json()["number"])
    entries = [UUID(entry["id"]) for entry in posted["entries"]]

    async def batch(order: list[UUID], sequence: int) -> None:
        states = [
            Determined(entry=entry, sequence=sequence, word="determined", branch="canada", country="CA", province=None)
            for entry in order
        ]
        async with intake.process.database.as_system() as tx:
            await advance(tx, states)

    async with asyncio.TaskGroup() as group:
        for sequence in range(1, 21):
            group.create_task(batch(entries if sequence % 2 else entries[::-1], sequence))
    rows = await intake.rows("SELECT DISTINCT determination_sequence AS newest FROM intake.entry")
    assert [row["newest"] for row in rows] == [20]
