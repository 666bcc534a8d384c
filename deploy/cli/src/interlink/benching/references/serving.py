"""The reference endpoint as a process of its own."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator

from interlink.benching.ground import Ground
from interlink.benching.load import Place
from interlink.benching.scratch import answers
from interlink.stack.child import terminate
from interlink.stack.environment import inherited
from interlink.stack.layout import StackError, last_lines
from interlink.stack.ports import any_free
from interlink.stack.processes import base_url

MODULE = "interlink.benching.references.endpoint"


@contextlib.asynccontextmanager
async def endpoint(ground: Ground) -> AsyncGenerator[Place]:
    """Where the smallest endpoint listens, while it is needed."""
    port, log = any_free(), ground.home.log("bench-endpoint")
    with log.open("wb") as output:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", MODULE, ground.found.issuer, str(port)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=inherited(),
        )
    try:
        if not await answers(f"{base_url(port)}/health/live"):
            raise StackError(f"The reference endpoint did not come up:\n{last_lines(log)}")
        yield Place.of(base_url(port))
    finally:
        await terminate(running)
