"""The law of locks, seen from both sides: what breaks without it, and that it holds."""

import asyncio

import asyncpg
import pytest
from probe.service import received
from sqlalchemy import text

from contracts import ids
from kit import inbox
from kit.database import Database
from kit.failures import is_transient
from kit.outbox import Origin

ONE = text("INSERT INTO inbox (event_id) VALUES (:id) ON CONFLICT DO NOTHING")


async def test_a_deadlock_is_a_transient_failure(probe: Database) -> None:
    first, second = ids.new(), ids.new()
    both = asyncio.Barrier(2)

    async def insert(*order: object) -> None:
        async with probe.as_system() as tx:
            await tx.execute(ONE, {"id": order[0]})
            await both.wait()
            await tx.execute(ONE, {"id": order[1]})

    async def collide() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(insert(first, second))
            tasks.create_task(insert(second, first))

    with pytest.raises(ExceptionGroup) as caught:
        await collide()
    (error,) = caught.value.exceptions
    assert isinstance(error, asyncpg.DeadlockDetectedError)
    assert is_transient(error)


async def test_two_batches_with_the_same_events_in_opposite_order_do_not_deadlock(probe: Database) -> None:
    told = [ids.new() for _ in range(400)]
    seen: list[int] = []

    async def batch(order: list[object]) -> None:
        async with probe.as_system() as tx:
            seen.append(len(await inbox.fresh(tx, order)))  # pyright: ignore[reportArgumentType]

    for _ in range(10):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(batch(list(told)))
            tasks.create_task(batch(list(reversed(told))))
    assert sum(seen) == len(told)


async def test_two_transactions_that_publish_for_the_same_subjects_in_opposite_order_do_not_deadlock(
    probe: Database,
) -> None:
    subjects = [ids.new() for _ in range(200)]

    async def publish(order: list[object]) -> None:
        async with probe.as_system() as tx:
            for subject in order:
                tx.publish(received(subject), Origin())  # pyright: ignore[reportArgumentType]

    for _ in range(10):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(publish(list(subjects)))
            tasks.create_task(publish(list(reversed(subjects))))
    async with probe.as_system() as tx:
        lasts = await tx.rows(text("SELECT DISTINCT last FROM event_sequence"))
    assert [row.last for row in lasts] == [20]
