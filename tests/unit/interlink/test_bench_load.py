"""The load generator against a tiny server."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from interlink.benching.load import END_OF_HEADERS, Connection, Place, load, request
from interlink.stack.layout import StackError

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n"
NOTHING = b"HTTP/1.1 204 No Content\r\n\r\n"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"


@dataclass
class Server:
    """Answers every request with the same bytes, and keeps what it was asked."""

    place: Place
    answer: bytes = CREATED
    asked: list[bytes] = field(default_factory=list[bytes])
    connections: int = 0


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    found = Server(Place("127.0.0.1", 0))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        try:
            while True:
                head = await reader.readuntil(END_OF_HEADERS)
                length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] or 0)
                found.asked.append(head + await reader.readexactly(length))
                writer.write(found.answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    found.place = Place("127.0.0.1", listening.sockets[0].getsockname()[1])
    yield found
    listening.close()


def test_a_request_is_bytes_before_the_clock_starts() -> None:
    made = request("POST", "/v1/x", token="t", body=b"{}", Idempotency_Key="k")
    assert made == (
        b"POST /v1/x HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer t\r\n"
        b"Idempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert b"Content-Length" not in request("GET", "/v1/x", token="t")
    assert Place.of("http://127.0.0.1:18081/v1") == Place("127.0.0.1", 18081)


async def test_every_request_is_sent_once_over_as_many_connections_as_there_are_clients(server: Server) -> None:
    requests = [request("POST", f"/{number}", token="t", body=b"x" * number) for number in range(50)]
    ran = await load(server.place, requests, 4, expected=201)
    assert sorted(server.asked) == sorted(requests)
    assert server.connections == 4
    assert len(ran.answers) == 50
    assert ran.a_second == 50 / ran.seconds
    assert 0 < ran.percentile(0.5) <= ran.percentile(0.99) <= ran.seconds
    assert ran.answers[0].json() == {}


@pytest.mark.parametrize(
    ("answer", "status", "body"), [(CREATED, 201, b"{}"), (CHUNKED, 200, b"abcdef"), (NOTHING, 204, b"")]
)
async def test_bodies_are_read_to_their_end(server: Server, answer: bytes, status: int, body: bytes) -> None:
    server.answer = answer
    connection = await Connection.open(server.place)
    for _ in range(2):  # the second one would begin in what the first one left
        said = await connection.ask(request("GET", "/", token="t"))
        assert (said.status, said.body) == (status, body)
    await connection.close()


async def test_a_body_is_uploaded_piece_by_piece(server: Server) -> None:
    connection = await Connection.open(server.place)
    head = b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\n"
    said = await connection.upload(head, [b"abc", b"def"])
    assert said.status == 201
    assert server.asked == [head + b"abcdef"]
    await connection.close()


async def test_another_status_is_told_with_the_servers_words(server: Server) -> None:
    server.answer = REFUSED
    with pytest.raises(StackError, match="503: busy"):
        await load(server.place, [request("GET", "/", token="t")], 1, expected=201)
