"""`python -m sandbox providers`: both providers as one process, on its own port or an inherited socket."""

import asyncio
import logging
import socket

import httpx

from kit.time import SystemClock
from sandbox import serving
from sandbox.journal import Journal
from sandbox.providers.app import create_app
from sandbox.providers.replying import Replies
from sandbox.providers.requests import Requests
from sandbox.providers.settings import Settings
from sandbox.providers.tokens import Tokens

_log = logging.getLogger("sandbox.providers")
_TIMEOUT_SECONDS = 15.0


def run() -> None:
    """Serve and answer until asked to stop (SIGINT, SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = Settings()
    listening = serving.listen(settings.providers_fd, settings.providers_port)
    _log.info("providers on port %s", listening.getsockname()[1])
    asyncio.run(_run(settings, listening))


async def _run(settings: Settings, listening: socket.socket) -> None:
    journal = Journal(settings.home / "sandbox" / "providers.jsonl")
    requests = Requests(journal)
    async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
        tokens = Tokens(http, settings.issuer, settings.secret, SystemClock())
        replies = Replies(requests, http, settings.liaison_url, tokens)
        await serving.serve(create_app(requests, settings.secrets_by_provider), listening, beside=replies.run())
    journal.close()
