"""The load generator: requests that are bytes before the clock starts, over raw connections.

An HTTP client library costs more per request than the server it would measure. It understands what servers of this
suite answer: a status line, headers, and a body with a length or in chunks.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from interlink.benching.figures import percentile
from interlink.stack.layout import StackError

END_OF_HEADERS = b"\r\n\r\n"
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> "Place":
        """The host and port of an `http://` URL."""
        parts = urlsplit(url)
        return cls(parts.hostname or "127.0.0.1", parts.port or 80)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said, and how long it took from the first byte sent to the last byte read."""

    status: int
    body: bytes
    seconds: float

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


@dataclass(slots=True)
class Ran:
    """What a load did."""

    seconds: float = 0.0
    answers: list[Answer] = field(default_factory=list[Answer])

    @property
    def a_second(self) -> float:
        """Requests answered a second."""
        return len(self.answers) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds that this share of the answers did not exceed."""
        return percentile([answer.seconds for answer in self.answers], share)


def request(method: str, path: str, *, token: str, body: bytes = b"", **headers: str) -> bytes:
    """A whole request as bytes; header names have underscores for dashes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Authorization: Bearer {token}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + END_OF_HEADERS + body


class Connection:
    """One connection, one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, place: Place) -> "Connection":
        """Connect."""
        return cls(*await asyncio.open_connection(place.host, place.port, limit=1 << 20))

    async def ask(self, bytes_of_request: bytes) -> Answer:
        """Send and read the answer to its end."""
        began = time.perf_counter()
        self._writer.write(bytes_of_request)
        status, body = await self._answer()
        return Answer(status, body, time.perf_counter() - began)

    async def upload(self, head: bytes, chunks: Iterable[bytes]) -> Answer:
        """Send a head and then a body piece by piece, as fast as the server takes it."""
        began = time.perf_counter()
        self._writer.write(head)
        for chunk in chunks:
            self._writer.write(chunk)
            await self._writer.drain()
        status, body = await self._answer()
        return Answer(status, body, time.perf_counter() - began)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    async def _answer(self) -> tuple[int, bytes]:
        head = (await self._reader.readuntil(END_OF_HEADERS)).lower()
        status = int(head[9:12])
        length = _header(head, b"content-length")
        if length is not None:
            return status, await self._reader.readexactly(int(length))
        if _header(head, b"transfer-encoding") == b"chunked":
            return status, b"".join([chunk async for chunk in self._chunks()])
        return status, b""

    async def _chunks(self) -> AsyncIterator[bytes]:
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            yield await self._reader.readexactly(size)
            await self._reader.readexactly(2)
        await self._reader.readuntil(b"\r\n")


def _header(head: bytes, name: bytes) -> bytes | None:
    before = b"\r\n" + name + b":"
    at = head.find(before)
    return None if at < 0 else head[at + len(before) : head.index(b"\r\n", at + 2)].strip()


async def load(place: Place, requests: Sequence[bytes], clients: int, *, expected: int) -> Ran:
    """Send every request once, by so many clients at once; the clock runs from the first to the last answer.

    Raises `StackError` with the server's words for any other status than `expected`.
    """
    connections = [await Connection.open(place) for _ in range(clients)]
    waiting = iter(requests)
    ran = Ran()

    async def client(connection: Connection) -> None:
        for one in waiting:
            ran.answers.append(await connection.ask(one))

    async with asyncio.timeout(PATIENCE_SECONDS):
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(client(connection))
        ran.seconds = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    refuse_unexpected(ran.answers, expected)
    return ran


def refuse_unexpected(answers: Iterable[Answer], expected: int) -> None:
    """Raise `StackError` for the first answer of another status."""
    for answer in answers:
        if answer.status != expected:
            raise StackError(
                f"A request was answered with {answer.status}: {answer.body[:300].decode(errors='replace')}"
            )
