"""A provider's API on the loopback, which answers as a test says: well, late, badly, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

TAKEN = b'{"reference": "P-1", "status": "in_progress"}'


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, object]:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass(slots=True)
class Behaviour:
    """How one call is answered."""

    status: str = "202 Accepted"
    body: bytes = TAKEN
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    closes_after: int | None = None
    """Bytes of the body after which the connection is closed."""


class Provider:
    """Both providers of the sandbox, by path; every call is kept."""

    def __init__(self) -> None:
        self.port = 0
        self.calls: list[Call] = []
        self.behaviours: list[Behaviour] = []
        self._hanging = asyncio.Event()

    def will(self, *behaviours: Behaviour) -> None:
        """Answer the next calls so; after them well."""
        self.behaviours.extend(behaviours)

    @property
    def channels(self) -> str:
        """As the setting wants it."""
        return ",".join(f"provider-{one}=http://127.0.0.1:{self.port}/{one}" for one in ("north", "east"))

    def stop(self) -> None:
        """Let what hangs go."""
        self._hanging.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one call."""
        try:
            self.calls.append(await _read(reader))
            behaviour = self.behaviours.pop(0) if self.behaviours else Behaviour()
            if behaviour.hangs:
                await self._hanging.wait()
                return
            writer.write(_head(behaviour))
            writer.write(behaviour.body[: behaviour.closes_after])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


def _head(behaviour: Behaviour) -> bytes:
    headers = {"Content-Length": str(len(behaviour.body)), "Connection": "close", **behaviour.headers}
    lines = [f"HTTP/1.1 {behaviour.status}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Call(head[0].split()[1], headers, body)


@asynccontextmanager
async def serving() -> AsyncIterator[Provider]:
    """A provider that listens, until the end of the test."""
    provider = Provider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    try:
        yield provider
    finally:
        provider.stop()
        server.close()
