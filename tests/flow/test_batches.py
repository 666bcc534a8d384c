"""A large file over a real socket: its memory, its cut, its retry, and what becomes of every suspect."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import httpx
import orjson
import pytest
from suite.running import Suite

from interlink.observing.report import memory
from kit.testing.eventually import eventually
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life
SUSPECTS = 4_000
PEOPLE = 200
"""Different ones; the rest are the same again under other references."""
MOST_MEMORY = 60 * 1024 * 1024
HEADERS = {"Content-Type": "application/x-ndjson", "Idempotency-Key": "flow-batch"}


def a_batch() -> Iterator[bytes]:
    """Line by line."""
    (made,) = files(9000, 1, PEOPLE, now=NOW)
    document = orjson.loads(made.body)
    people = document.pop("suspects")
    del document["victims"]
    yield orjson.dumps(document) + b"\n"
    for number in range(SUSPECTS):
        suspect = people[number % PEOPLE] | {"reference": f"batch-{number:06}"}
        yield orjson.dumps({"suspect": suspect}) + b"\n"


async def pieces(lines: Iterator[bytes], until: int | None = None) -> AsyncIterator[bytes]:
    """A body in pieces of some lines; cut after so many."""
    waiting = bytearray()
    for number, line in enumerate(lines):
        waiting += line
        if len(waiting) > 64 * 1024:
            yield bytes(waiting)
            waiting.clear()
        if number == until:
            raise ConnectionAbortedError
    yield bytes(waiting)


class Watch:
    """The most memory that a process had beside what it had at first."""

    def __init__(self, suite: Suite, *processes: str) -> None:
        self._pids = {process: suite.pid(process) for process in processes}
        self._before = self._now()
        self.grown = dict.fromkeys(processes, 0)

    def _now(self) -> dict[str, int]:
        return {process: memory(pid) or 0 for process, pid in self._pids.items()}

    def look(self) -> None:
        """Once more."""
        for process, now in self._now().items():
            self.grown[process] = max(self.grown[process], now - self._before[process])

    async def __call__(self, over: asyncio.Event) -> None:
        """Until it is over."""
        while not over.is_set():
            self.look()
            try:
                async with asyncio.timeout(0.2):
                    await over.wait()
            except TimeoutError:
                continue


@pytest.mark.timeout(480)  # 20,000 suspects through the whole chain, on two cores
async def test_a_large_file_is_cut_posted_again_and_ends_in_one_assignment_a_suspect(suite: Suite) -> None:
    await suite.ready()
    watch, over = Watch(suite, "intake-api", "intake-worker"), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(over))
        async with suite.client("intake", "bureau-nl") as http:
            await cut(http)
            answer = await post(http)
            again = await post(http)
        assert answer.status_code == 201, answer.text
        receipt = answer.json()
        assert receipt["counts"]["entries"] == {"accepted": SUSPECTS, "rejected": 0}
        assert receipt["sha256"] == hashlib.sha256(b"".join(a_batch())).hexdigest()
        assert (again.content, again.headers["Idempotent-Replayed"]) == (answer.content, "true")
        entries = await suite.entries_of([receipt])
        await suite.settled(entries, within=300)
        over.set()
    assert all(grown < MOST_MEMORY for grown in watch.grown.values()), watch.grown
    await eventually(lambda: only_the_referral_is_left(suite), within=60)


async def cut(http: httpx.AsyncClient) -> None:
    """A sender that dies on the way."""
    try:
        await http.post("/v1/referrals:batch", content=pieces(a_batch(), SUSPECTS // 2), headers=HEADERS)
    except ConnectionAbortedError:
        return
    raise AssertionError("the body was not cut")


async def post(http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/v1/referrals:batch", content=pieces(a_batch()), headers=HEADERS, timeout=120)


async def only_the_referral_is_left(suite: Suite) -> bool:
    [row] = await suite.rows(
        "SELECT (SELECT count(*) FROM intake.upload) AS uploads, (SELECT count(*) FROM intake.entry e LEFT JOIN "
        "intake.referral r ON r.id = e.referral_id WHERE r.id IS NULL) AS staged"
    )
    return (row["uploads"], row["staged"]) == (0, 0)
