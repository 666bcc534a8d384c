"""A door for each test."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from unit.kit.http.door import Door, door


@pytest.fixture
async def opened() -> AsyncIterator[Door]:
    """A service behind the kit's door."""
    made = door()
    yield made
    await made.client.aclose()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    if request.startswith(b"GET /redirect "):
        writer.write(
            b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /json\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        )
    else:
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\n{"ok": true}')
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def local_server() -> AsyncIterator[str]:
    """A server on loopback that redirects, or answers with a little JSON."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
