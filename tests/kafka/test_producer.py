"""The producer on a broker that takes what it is sent and never answers."""
# pyright: reportPrivateUsage=false

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from probe.broker import Topics

from kit import producer as producing
from kit.kafka import KafkaAccess
from kit.producer import BATCH_BYTES, CLOSE_SECONDS, Producer, Record
from kit.testing.eventually import eventually


class Between:
    """Between clients and the broker: passes everything on, or, while it is deaf, takes what clients say for itself."""

    def __init__(self, bootstrap: str) -> None:
        self.deaf = False
        self.open = 0
        self._host, _, port = bootstrap.partition(":")
        self._real = int(port)
        self._port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._met, self._host, 0)
        self._port = server.sockets[0].getsockname()[1]
        return server

    @property
    def bootstrap(self) -> str:
        return f"{self._host}:{self._port}"

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        there, here = await asyncio.open_connection(self._host, self._real)
        async with asyncio.TaskGroup() as both:
            back = both.create_task(self._answered(there, writer))
            while data := await reader.read(65_536):
                if not self.deaf:
                    here.write(data)
            back.cancel()
        self.open -= 1
        for one in (here, writer):
            one.close()

    async def _answered(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The broker tells clients where it is: they are to come here again."""
        real, ours = (self._host.encode() + struct.pack(">i", port) for port in (self._real, self._port))
        with suppress(ConnectionError):
            while data := await there.read(65_536):
                writer.write(data.replace(real, ours))


@pytest.fixture
async def between(kafka_access: KafkaAccess) -> AsyncIterator[Between]:
    """A way to the broker that can go deaf."""
    made = Between(kafka_access.bootstrap)
    async with await made.start():
        yield made


async def test_a_producer_that_is_dropped_sends_nothing_afterwards(
    topics: Topics,
    kafka_access: KafkaAccess,
    between: Between,
    written: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its successor sends the same records: one that came late would be the newest of a compacted topic."""
    producer = Producer(replace(kafka_access, bootstrap=between.bootstrap), "probe")
    first, *unanswered, newest = [
        Record(topic=topics.referrals, key=b"k", headers=[], payload=payload)
        for payload in (b"first", *(random.randbytes(BATCH_BYTES) for _ in range(2)), b"newest")
    ]
    assert await producer.send([first]) == [None]
    client = producer._producer
    assert client is not None
    between.deaf = True
    monkeypatch.setattr(producing, "ACK_SECONDS", 0.5)
    async with asyncio.timeout(0.5 + 2 * CLOSE_SECONDS):
        assert None not in await producer.send(unanswered)  # one is on its way, the other waits behind it
    assert client._sender.sender_task.done()
    await eventually(lambda: between.open == 0, within=CLOSE_SECONDS)
    between.deaf = False
    monkeypatch.setattr(producing, "ACK_SECONDS", 10.0)
    assert await producer.send([newest]) == [None]
    assert [record.value for record in await written(topics.referrals)] == [b"first", b"newest"]
    await producer.drop()
    await eventually(lambda: between.open == 0)
