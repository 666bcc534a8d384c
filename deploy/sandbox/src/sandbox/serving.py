"""A process of the sandbox serves on the socket it inherits, else on a port of its own, until it is asked to stop."""

import asyncio
import socket
from collections.abc import Coroutine
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

_BACKLOG = 128


def listen(inherited: int | None, port: int) -> socket.socket:
    """The inherited socket of that number, else a new one on the loopback address; port 0 takes a free one."""
    if inherited is not None:
        return socket.socket(fileno=inherited)
    return socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)


def add_health(app: FastAPI) -> None:
    """`/health/live` and `/health/ready`: who answers is both."""

    @app.get("/health/live")
    @app.get("/health/ready")
    async def health() -> dict[str, str]:
        return {"status": "ok"}


async def serve(app: FastAPI, listening: socket.socket, beside: Coroutine[Any, Any, None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM, and run what works beside the door until then; its failure ends both."""
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off")
    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(beside) if beside is not None else None
        await uvicorn.Server(config).serve(sockets=[listening])
        if working is not None:
            working.cancel()


async def read(request: Request, limit: int) -> bytes | None:
    """The body; None once it is longer than `limit`."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
