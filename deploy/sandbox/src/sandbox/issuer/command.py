"""`python -m sandbox issuer`: the issuer as a process, on its own port or an inherited socket."""

import asyncio
import logging
import socket

import uvicorn

from kit.time import SystemClock
from sandbox.issuer import keys
from sandbox.issuer.app import Issuer, create_app
from sandbox.issuer.settings import Settings

_log = logging.getLogger("sandbox.issuer")


def _listen(settings: Settings) -> socket.socket:
    if settings.issuer_fd is not None:
        return socket.socket(fileno=settings.issuer_fd)
    return socket.create_server(("127.0.0.1", settings.issuer_port), backlog=128)


def run() -> None:
    """Serve until asked to stop (SIGINT, SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    listening = _listen(settings)
    port = listening.getsockname()[1]
    issuer = Issuer(
        url=(settings.issuer_url or f"http://127.0.0.1:{port}").rstrip("/"),
        audience=settings.audience,
        secret=settings.issuer_secret,
        key=keys.load_or_create(settings.key_file),
        clock=SystemClock(),
    )
    _log.info("issuer %s on port %s", issuer.url, port)
    config = uvicorn.Config(
        create_app(issuer), log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="off"
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))
