"""`python -m sandbox receivers`: every agency's receiver as one process, on its own port or an inherited socket."""

import asyncio
import logging
import socket

from kit.time import SystemClock
from sandbox import serving
from sandbox.journal import Journal
from sandbox.receivers.app import create_app
from sandbox.receivers.inbox import Inbox
from sandbox.receivers.settings import Settings

_log = logging.getLogger("sandbox.receivers")


def run() -> None:
    """Serve until asked to stop (SIGINT, SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    listening = serving.listen(settings.receivers_fd, settings.receivers_port)
    _log.info("receivers on port %s", listening.getsockname()[1])
    asyncio.run(_run(settings, listening))


async def _run(settings: Settings, listening: socket.socket) -> None:
    journal = Journal(settings.home / "sandbox" / "receivers.jsonl")
    await serving.serve(create_app(Inbox(journal, SystemClock())), listening)
    journal.close()
