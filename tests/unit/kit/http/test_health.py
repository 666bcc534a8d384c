"""Probes: named checks, and no outage spreads by them."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from unit.kit.http.door import door

from kit.http import health
from kit.http.health import Check


async def fine() -> None:
    return None


def failing(error: Exception) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        raise error

    return run


async def test_a_ready_process_says_so_by_name() -> None:
    opened = door(ready=[Check("database", fine), Check("migrations", fine)])
    answer = await opened.client.get("/health/ready")
    assert answer.status_code == 200
    assert [(check["name"], check["status"]) for check in answer.json()["checks"]] == [
        ("database", "pass"), ("migrations", "pass"),
    ]  # fmt: skip


async def test_one_failing_check_is_503_and_the_others_are_still_told() -> None:
    behind = RuntimeError("the schema is behind this build")
    opened = door(
        ready=[Check("database", failing(OSError("10.0.0.7"))), Check("migrations", failing(behind)), Check("x", fine)]
    )
    answer = await opened.client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "fail")
    assert [check["reason"] for check in answer.json()["checks"]] == ["OSError", str(behind), None]


async def test_a_check_that_hangs_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang() -> None:
        await never.wait()

    never = asyncio.Event()
    monkeypatch.setattr(health, "LONGEST_CHECK_SECONDS", 0.01)
    answer = await door(live=[Check("loop", hang)]).client.get("/health/live")
    assert (answer.status_code, answer.json()["checks"][0]["reason"]) == (503, "TimeoutError")


async def test_liveness_does_not_ask_what_readiness_asks() -> None:
    opened = door(ready=[Check("database", failing(OSError()))])
    assert (await opened.client.get("/health/live")).status_code == 200


async def test_startup_passes_once_readiness_did_and_stays_so() -> None:
    failure: list[Exception] = [OSError()]

    async def run() -> None:
        for error in failure:
            raise error

    opened = door(ready=[Check("database", run)])
    assert (await opened.client.get("/health/startup")).status_code == 503
    failure.clear()
    assert (await opened.client.get("/health/startup")).status_code == 200
    failure.append(OSError())
    assert (await opened.client.get("/health/startup")).status_code == 200
    assert (await opened.client.get("/health/ready")).status_code == 503


async def test_a_process_without_routes_answers_probes_and_metrics_alone() -> None:
    opened = door(with_routes=False)
    assert (await opened.client.get("/health/live")).status_code == 200
    assert "interlink_http_requests_total" in (await opened.client.get("/metrics")).text
    assert (await opened.client.get("/v1/state")).status_code == 404
    assert (await opened.client.get("/openapi.json")).status_code == 404
