"""A process stops in order and in bounded time, whoever does not listen; its clock is the machine's."""

import asyncio
import time
from pathlib import Path

import pytest

from kit.faults import JumpingClock
from kit.joining import CLOSE_SECONDS
from kit.process import RELAYED, WORKED, Stage, _clock, _drain
from kit.producer import CLOSE_SECONDS as PRODUCER_CLOSES
from kit.settings import ServiceSettings
from kit.time import SystemClock


class Log:
    """What happened, in order."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def listening(self, name: str) -> Stage:
        async def run(stop: asyncio.Event) -> None:
            await stop.wait()
            self.words.append(name)

        return Stage(name, [run], over=0.5)

    def deaf(self, name: str) -> Stage:
        async def run(_stop: asyncio.Event) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                self.words.append(f"{name} cut off")

        return Stage(name, [run], over=0.05)


async def drained(*stages: Stage) -> float:
    stop = asyncio.Event()
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for stage in stages:
            stage.start(group)
        group.create_task(_drain(stages, stop))
        stop.set()
    return time.monotonic() - began


async def test_stages_stop_one_after_the_other() -> None:
    log = Log()
    await drained(log.listening("http"), log.listening("work"), log.listening("relay"))
    assert log.words == ["http", "work", "relay"]


async def test_a_stage_that_does_not_listen_is_cut_off_and_the_next_still_has_its_time() -> None:
    log = Log()
    took = await drained(log.deaf("http"), log.listening("relay"))
    assert log.words == ["http cut off", "relay"]
    assert took < 2


async def test_a_task_that_fails_ends_the_process() -> None:
    async def fail(_stop: asyncio.Event) -> None:
        raise LookupError

    with pytest.raises(ExceptionGroup):
        await drained(Stage("work", [fail], over=0.5), Log().listening("relay"))


def test_all_stages_and_what_they_close_take_ten_seconds() -> None:
    assert WORKED + CLOSE_SECONDS <= 10
    assert RELAYED + PRODUCER_CLOSES <= 10


def test_a_clock_can_be_moved_only_where_the_settings_say_so(tmp_path: Path) -> None:
    named = ServiceSettings(consumer_instance="routing-worker")
    assert isinstance(_clock(named), SystemClock)
    nobody = ServiceSettings(clock_faults=tmp_path)
    assert isinstance(_clock(nobody), SystemClock), "a process without a name has no file"
    told = ServiceSettings(consumer_instance="routing-worker", clock_faults=tmp_path)
    assert isinstance(_clock(told), JumpingClock)
