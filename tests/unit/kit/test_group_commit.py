"""Many requests, one commit; nobody fails for a neighbour, nobody is lost when a caller leaves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from kit.group_commit import HELD_SECONDS, GroupCommit, Limits, Requeue
from kit.testing.eventually import eventually


class Ledger:
    """A fake of the transaction: notes the groups, fails for the word `bad`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.requeued: set[str] = set()
        self.free = asyncio.Event()

    async def run(self, group: Sequence[str]) -> list[str | Requeue]:
        await self.gate.wait()
        self.groups.append(list(group))
        if "bad" in group:
            raise ValueError
        if "away" in group:
            raise ConnectionRefusedError
        return [self._answer(request) for request in group]

    def _answer(self, request: str) -> str | Requeue:
        if request.startswith("twin") and request not in self.requeued:
            self.requeued.add(request)
            return Requeue()
        if request == "held elsewhere" and not self.free.is_set():
            return Requeue()
        return request.upper()


@asynccontextmanager
async def committing(ledger: Ledger, limits: Limits | None = None) -> AsyncIterator[GroupCommit[str, str]]:
    group: GroupCommit[str, str] = GroupCommit(ledger.run, limits)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(group.run(stop))
        try:
            yield group
        finally:
            ledger.gate.set()
            stop.set()


async def submit_all(group: GroupCommit[str, str], *requests: str, urgent: bool = False) -> list[asyncio.Task[str]]:
    tasks = [asyncio.ensure_future(group.submit(request, urgent=urgent)) for request in requests]
    await asyncio.wait(tasks, timeout=0)
    return tasks


async def test_what_arrives_during_a_commit_forms_the_next_group() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        ledger.gate.clear()
        (first,) = await submit_all(group, "a")
        await eventually(lambda: group.waiting == 0)
        rest = await submit_all(group, "b", "c", "d")
        ledger.gate.set()
        assert [await task for task in (first, *rest)] == ["A", "B", "C", "D"]
    assert ledger.groups == [["a"], ["b", "c", "d"]]


async def test_a_bad_request_fails_alone() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        ledger.gate.clear()
        tasks = await submit_all(group, "a", "bad", "c")
        ledger.gate.set()
        done = await asyncio.wait(tasks)
        assert len(done[0]) == 3
        assert tasks[0].result() == "A"
        assert tasks[2].result() == "C"
        with pytest.raises(ValueError):  # noqa: PT011 - the fake's own
            tasks[1].result()


async def test_a_request_that_cannot_share_a_group_runs_in_the_next() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        assert await group.submit("twin") == "TWIN"
    assert ledger.groups == [["twin"], ["twin"]]


async def test_a_caller_that_leaves_does_not_cancel_the_group() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        ledger.gate.clear()
        leaving, staying = await submit_all(group, "a", "b")
        leaving.cancel()
        ledger.gate.set()
        assert await staying == "B"
    assert sorted(request for one in ledger.groups for request in one) == ["a", "b"]


async def test_groups_keep_their_limits_and_urgent_requests_go_first() -> None:
    ledger = Ledger()
    async with committing(ledger, Limits(requests=2)) as group:
        ledger.gate.clear()
        held = await submit_all(group, "held")
        await eventually(lambda: group.waiting == 0)
        routine = await submit_all(group, "a", "b", "c")
        urgent = await submit_all(group, "now", urgent=True)
        ledger.gate.set()
        await asyncio.wait([*held, *routine, *urgent])
    assert ledger.groups == [["held"], ["now", "a"], ["b", "c"]]


async def test_what_waits_is_committed_before_the_group_stops() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        ledger.gate.clear()
        tasks = await submit_all(group, "a", "b")
    assert [task.result() for task in tasks] == ["A", "B"]


async def test_a_database_that_is_away_fails_a_group_once_and_not_request_by_request() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        ledger.gate.clear()
        held = await submit_all(group, "held")
        await eventually(lambda: group.waiting == 0)
        tasks = await submit_all(group, "a", "away", "b")
        ledger.gate.set()
        await asyncio.wait([*held, *tasks])
        assert all(isinstance(task.exception(), ConnectionRefusedError) for task in tasks)
    assert ledger.groups == [["held"], ["a", "away", "b"]]


async def test_a_request_held_by_another_process_does_not_spin() -> None:
    ledger = Ledger()
    async with committing(ledger) as group:
        (waiting,) = await submit_all(group, "held elsewhere")
        began = asyncio.get_running_loop().time()
        await eventually(lambda: len(ledger.groups) >= 5)
        assert asyncio.get_running_loop().time() - began > 3 * HELD_SECONDS
        ledger.free.set()
        assert await waiting == "HELD ELSEWHERE"


async def test_an_urgent_request_stays_urgent_when_it_has_to_wait() -> None:
    ledger = Ledger()
    async with committing(ledger, Limits(requests=2)) as group:
        ledger.gate.clear()
        held = await submit_all(group, "held")
        await eventually(lambda: group.waiting == 0)
        urgent = await submit_all(group, "twin", urgent=True)
        routine = await submit_all(group, "a", "b", "c", "d")
        ledger.gate.set()
        await asyncio.wait([*held, *urgent, *routine])
    assert ledger.groups == [["held"], ["twin", "a"], ["twin", "b"], ["c", "d"]]
