"""`/health/live|ready|startup`: is it alive, may it get traffic, has it ever been ready. Named checks, JSON.

Liveness asks only whether our own loop moves; an outage of Kafka or Postgres must not restart a process that
would come back to the same outage. Nothing here tells an address, a secret or a stack trace.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from kit import telemetry
from kit.redaction import scrub

log = telemetry.logger(__name__)

LONGEST_CHECK_SECONDS: Final = 2.0
"""A check that hangs has failed; probes themselves give up after a few seconds."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold. `run` returns, or raises; a RuntimeError's message is shown."""

    name: str
    run: Callable[[], Awaitable[None]]


class CheckResult(BaseModel):
    """How one check went."""

    name: str
    status: Literal["pass", "fail"]
    milliseconds: float
    reason: str | None = None


class Health(BaseModel):
    """All checks of one question."""

    status: Literal["pass", "fail"]
    checks: list[CheckResult]


async def examine(checks: Sequence[Check]) -> Health:
    """Run the checks at the same time; every one is reported, none can hide another."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_run(check), name=f"check {check.name}") for check in checks]
    results = [task.result() for task in tasks]
    failed = any(result.status == "fail" for result in results)
    return Health(status="fail" if failed else "pass", checks=results)


async def _run(check: Check) -> CheckResult:
    began = time.perf_counter()
    reason = None
    try:
        async with asyncio.timeout(LONGEST_CHECK_SECONDS):
            await check.run()
    except Exception as error:  # noqa: BLE001 - a check may fail in any way; it is reported, not hidden
        reason = scrub(str(error)) if isinstance(error, RuntimeError) else type(error).__name__
        log.warning("health.check_failed", check=check.name, problem=reason)
    milliseconds = round((time.perf_counter() - began) * 1000, 1)
    return CheckResult(name=check.name, status="fail" if reason else "pass", milliseconds=milliseconds, reason=reason)


def router(live: Sequence[Check], ready: Sequence[Check]) -> APIRouter:
    """The three routes. Startup passes once readiness has passed, and then stays passed."""
    routes = APIRouter(prefix="/health", tags=["health"])
    started = asyncio.Event()

    async def answer(checks: Sequence[Check], response: Response) -> Health:
        health = await examine(checks)
        if health.status == "fail":
            response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
        return health

    @routes.get("/live", responses=UNHEALTHY, summary="Does the process still move?")
    async def live_route(response: Response) -> Health:
        return await answer(live, response)

    @routes.get("/ready", responses=UNHEALTHY, summary="May it get traffic?")
    async def ready_route(response: Response) -> Health:
        health = await answer(ready, response)
        if health.status == "pass":
            started.set()
        return health

    @routes.get("/startup", responses=UNHEALTHY, summary="Has it been ready once?")
    async def startup_route(response: Response) -> Health:
        if started.is_set():
            return Health(status="pass", checks=[])
        return await ready_route(response)

    return routes


UNHEALTHY: Final[dict[int | str, dict[str, object]]] = {503: {"model": Health, "description": "A check failed."}}
