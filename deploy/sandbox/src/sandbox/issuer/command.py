"""`python -m sandbox issuer`: the issuer as a process, on its own port or an inherited socket."""

import asyncio
import logging

from kit.time import SystemClock
from sandbox import serving
from sandbox.issuer import keys
from sandbox.issuer.app import Issuer, create_app
from sandbox.issuer.settings import Settings

_log = logging.getLogger("sandbox.issuer")


def run() -> None:
    """Serve until asked to stop (SIGINT, SIGTERM)."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    listening = serving.listen(settings.issuer_fd, settings.issuer_port)
    port = listening.getsockname()[1]
    issuer = Issuer(
        url=(settings.issuer_url or f"http://127.0.0.1:{port}").rstrip("/"),
        audience=settings.audience,
        secret=settings.issuer_secret,
        key=keys.load_or_create(settings.key_file),
        clock=SystemClock(),
    )
    _log.info("issuer %s on port %s", issuer.url, port)
    asyncio.run(serving.serve(create_app(issuer), listening))
