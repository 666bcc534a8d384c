"""Many requests, one commit: what arrives while a transaction is in flight forms the next one.

No timer: an idle system commits each request at once, a busy one shares its commits. A request that cannot run
beside another of its group is put into the next group; on any failure the group is rolled back and each request
runs alone, so that one bad request never fails its neighbours. A caller that leaves never cancels a group.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from kit import telemetry
from kit.outages import database_is_away

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")

log = telemetry.logger(__name__)

HELD_SECONDS = 0.02
"""Pause after a group of which nothing could run, so that who waits for another process does not spin."""


@dataclass(frozen=True, slots=True)
class Requeue:
    """Not in this group: its key is taken by another request of the same group or of another process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most one group holds. `weight` is the number of entries, `size` of bytes."""

    requests: int = 64
    weight: int = 2_000
    size: int = 4 * 1024 * 1024


@dataclass(slots=True)
class _Waiting(Generic[RequestT, ResultT]):
    request: RequestT
    weight: int
    size: int
    queue: "deque[_Waiting[RequestT, ResultT]]"
    answer: "asyncio.Future[ResultT]"


class GroupCommit(Generic[RequestT, ResultT]):
    """Runs requests in groups. `run` gets a group and answers in its order, in one transaction of its own."""

    def __init__(
        self,
        run: Callable[[Sequence[RequestT]], Awaitable[Sequence[ResultT | Requeue]]],
        limits: Limits | None = None,
    ) -> None:
        self._run_group = run
        self._limits = limits or Limits()
        self._urgent: deque[_Waiting[RequestT, ResultT]] = deque()
        self._routine: deque[_Waiting[RequestT, ResultT]] = deque()
        self._arrived = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Requests not yet in a group."""
        return len(self._urgent) + len(self._routine)

    async def submit(self, request: RequestT, *, weight: int = 1, size: int = 0, urgent: bool = False) -> ResultT:
        """Have the request committed with others; raises what its own run raises."""
        queue = self._urgent if urgent else self._routine
        waiting = _Waiting[RequestT, ResultT](request, weight, size, queue, asyncio.get_running_loop().create_future())
        queue.append(waiting)
        self._arrived.set()
        return await asyncio.shield(waiting.answer)

    async def run(self, stop: asyncio.Event) -> None:
        """Commit groups until told to stop and nothing waits."""
        while True:
            group = self._next_group()
            if group:
                if not await self._commit(group):
                    await asyncio.sleep(HELD_SECONDS)
                continue
            if stop.is_set():
                return
            await self._wait(stop)

    async def _wait(self, stop: asyncio.Event) -> None:
        self._arrived.clear()
        stopping = asyncio.ensure_future(stop.wait())
        arriving = asyncio.ensure_future(self._arrived.wait())
        try:
            await asyncio.wait((stopping, arriving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            arriving.cancel()

    def _next_group(self) -> list[_Waiting[RequestT, ResultT]]:
        """Urgent first, in order of arrival, within the limits; at least one, however large."""
        group: list[_Waiting[RequestT, ResultT]] = []
        weight = size = 0
        while queue := self._urgent or self._routine:
            head = queue[0]
            full = (
                len(group) >= self._limits.requests
                or weight + head.weight > self._limits.weight
                or size + head.size > self._limits.size
            )
            if group and full:
                break
            group.append(queue.popleft())
            weight += head.weight
            size += head.size
        return group

    async def _commit(self, group: Sequence[_Waiting[RequestT, ResultT]]) -> int:
        """How many requests got their answer."""
        telemetry.GROUP_SIZE.observe(len(group))
        try:
            with telemetry.GROUP_SECONDS.time():
                answers = await self._run_group([waiting.request for waiting in group])
        except Exception as error:  # noqa: BLE001 - each request gets its own failure
            return await self._failed(group, error)
        requeued = 0
        for waiting, answer in zip(group, answers, strict=True):
            if isinstance(answer, Requeue):
                waiting.queue.append(waiting)
                requeued += 1
            elif not waiting.answer.done():
                waiting.answer.set_result(answer)
        return len(group) - requeued

    async def _failed(self, group: Sequence[_Waiting[RequestT, ResultT]], error: Exception) -> int:
        if len(group) > 1 and not database_is_away(error):
            log.info("group_commit.alone", requests=len(group), error=type(error).__name__)
            return sum([await self._commit([waiting]) for waiting in group])
        for waiting in group:  # while the database is away, one by one would only be that many time-outs
            _fail(waiting, error)
        return len(group)


def _fail(waiting: "_Waiting[RequestT, ResultT]", error: Exception) -> None:
    if not waiting.answer.done():
        waiting.answer.set_exception(error)
        waiting.answer.exception()  # the caller may have left: then nobody else would look
