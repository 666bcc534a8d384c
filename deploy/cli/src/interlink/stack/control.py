"""The supervisor's control socket: one request a connection, a line of JSON each way, only for its own user."""

import asyncio
import json
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

from interlink.stack.layout import StackError

Answer: TypeAlias = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


async def serve(path: Path, answer: Answer) -> None:
    """Answer requests until cancelled."""
    forget(path)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = json.loads(await reader.readline())
            response = await answer(request)
            writer.write(json.dumps(response).encode() + b"\n")
            await writer.drain()
        except (ConnectionError, ValueError):
            pass  # whoever asked has gone, or is none of ours
        finally:
            writer.close()

    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(one, path)
    finally:
        os.umask(before)
    try:
        async with server:
            await server.serve_forever()
    finally:
        forget(path)


def forget(path: Path) -> None:
    """Remove a socket that nobody answers any more."""
    path.unlink(missing_ok=True)


def ask(path: Path, request: dict[str, Any], seconds: float = 120) -> dict[str, Any]:
    """Ask the supervisor and wait for its answer.

    Raises `StackError` when none runs, or with its words when it refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = connection.makefile().readline()
    except TimeoutError as error:
        raise StackError("The supervisor did not answer in time; see its log.") from error
    except (FileNotFoundError, ConnectionError) as error:
        raise StackError("No stack is running in this home. Start it: interlink up") from error
    answer = json.loads(line) if line else {"error": "the supervisor ended without an answer"}
    if "error" in answer:
        raise StackError(answer["error"])
    return answer
