"""The real intake service on a database of its own, with a clock that stands still."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from intake.api import batches, referrals
from intake.service import service
from kit.testing.databases import TestDatabase
from kit.testing.harness import Harness, running
from kit.time import SettableClock

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SCOPES = ("referrals:write", "referrals:read")


@dataclass(frozen=True)
class Partner:
    """One partner's system."""

    client: httpx.AsyncClient

    async def post(self, body: bytes, kind: str = "application/json", **headers: str) -> httpx.Response:
        """Hands in a body; underscores in header names become dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/v1/referrals", content=body, headers={"Content-Type": kind, **named})

    async def referral(self, number: str, **asked: Any) -> Any:
        """One of its referrals, with progress."""
        answer = await self.client.get(f"/v1/referrals/{number}", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def options() -> dict[str, Any]:
    """What a module of tests sets otherwise."""
    return {}


@pytest.fixture
async def intake(database: TestDatabase, options: dict[str, Any]) -> AsyncIterator[Harness]:
    """Intake with its sandbox partners; a file of more than three entries counts as large, any disk will do."""
    usual = {"largest_direct": 3, "publish_chunk": 2, "disk_left": 0.0}
    async with running(service, database, SettableClock(NOW), **usual | options) as harness:
        yield harness


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for another request of the same key waits for as long as a busy machine takes."""
    for api in (referrals, batches):
        monkeypatch.setattr(api, "LONGEST_WAIT_SECONDS", 60.0)


@pytest.fixture
async def partner(intake: Harness) -> AsyncIterator[Partner]:
    """The foreign bureau."""
    async with intake.client("partner:bureau-nl", *SCOPES, roles=["partner"]) as client:
        yield Partner(client)


@pytest.fixture
async def other(intake: Harness) -> AsyncIterator[Partner]:
    """The clearinghouse."""
    async with intake.client("partner:clearinghouse", *SCOPES, roles=["partner"]) as client:
        yield Partner(client)
