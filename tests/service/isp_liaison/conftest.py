"""Liaison as a whole, on real Postgres: captures are told as routing tells them, providers answer on the loopback."""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from service.isp_liaison.provider import Provider, serving

from contracts import ids
from contracts.events.identifications import IdentificationCancelled, IdentificationRequested
from contracts.events.jurisdictions import AssignmentCreated, AssignmentWithdrawn
from contracts.model import Contract, ForeignAuthority
from contracts.personal import AttributedCapture, AttributedCaptures, Capture
from isp_liaison.service import service
from kit.encryption import DataKey, to_field
from kit.keyring import CACHE_SECONDS
from kit.outbox import Origin
from kit.testing.databases import TestDatabase, execute
from kit.testing.harness import Harness, running
from kit.time import SettableClock

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday, 10:00 in Toronto
CAPTURED = datetime(2026, 11, 10, 12, tzinfo=UTC)
PARTNER = "partner:bureau-nl"
NORTH, EAST = 577, 5769
"""AS numbers of the two synthetic providers."""
DEMAND, ORDER, PRODUCTION, EXIGENT = (
    "preservation_demand", "preservation_order", "production_order", "exigent_request",
)  # fmt: skip
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OFFICER = (
    "requests:read", "requests:draft", "requests:approve", "answers:check", "subscribers:read", "answers:write",
)  # fmt: skip


def capture(
    ip: str = "70.24.10.1", *, asn: int | None = NORTH, country: str | None = "CA", **changed: Any
) -> AttributedCapture:
    """A capture of grade A on a network of Provider North."""
    told: dict[str, Any] = {
        "item": "/captures/0",
        "raw_ip": ip,
        "ip": ip,
        "ip_class": "public",
        "port": 50123,
        "raw_time": "2026-11-10T12:00:00Z",
        "at": CAPTURED,
        "precision": "second",
        "zone": "Z",
        "tzdata": "2026.6",
        "grade": "A",
    }
    return AttributedCapture(
        capture=Capture(**{**told, **changed}), asn=asn, country=country, confidence="high", snapshot="2026-06-17"
    )


def authority(instrument: str = PRODUCTION, **changed: Any) -> dict[str, Any]:
    """A legal authority as an officer enters it."""
    return {
        "kind": instrument,
        "basis": "canadian",
        "offence": "163.1(3)",
        "made_on": "2026-11-23",
        "zone": "America/Toronto",
        "reference": "26-1042",
        "officer": "Sgt. A. Example",
        "grounds": "Reasonable grounds as set out in the information to obtain.",
        **changed,
    }


def identified(line: UUID | str, **changed: Any) -> dict[str, Any]:
    """An answer that names a subscriber, in the zone of Provider North."""
    return {
        "line": str(line),
        "outcome": "subscriber_identified",
        "assigned_from": "2026-11-10T06:00:00",
        "assigned_to": "2026-11-10T09:00:00",
        "subscriber": {
            "name": "Synthetic Name",
            "street": "12 Synthetic Street",
            "municipality": "Guelph",
            "province": "ON",
            "postal_code": "N1H 1A1",
        },
        **changed,
    }


class Liaison:
    """Liaison and the hands to drive it with."""

    def __init__(self, harness: Harness, key: DataKey, provider: Provider) -> None:
        self.harness = harness
        self.clock: SettableClock = harness.clock
        self.key = key
        self.provider = provider
        self.referral = ids.new()
        self.investigation = ids.new()

    def origin(self, priority: str = "P2", *, testmode: bool = True, handling: str = "H1;TLP:AMBER") -> Origin:
        """What the events of our referral inherit."""
        return Origin(
            tenant=PARTNER, testmode=testmode, handling=handling, priority=priority, correlation=self.referral
        )

    def requested(
        self,
        *captures: AttributedCapture,
        entry: UUID | None = None,
        kind: str = "suspect",
        investigation: UUID | None = None,
        foreign: bool = False,
    ) -> IdentificationRequested:
        """Routing wants the subscribers behind these captures."""
        entry, investigation = entry or ids.new(), investigation or self.investigation
        plain = AttributedCaptures(investigation=investigation, captures=list(captures))
        sealed = self.key.encrypt(
            plain.model_dump_json(exclude_none=True).encode(), f"{entry}:{investigation}".encode()
        )
        return IdentificationRequested(
            entry=entry,
            kind=kind,
            referral=self.referral,
            investigation=investigation,
            offence_type="csaem",
            offence_basis="foreign" if foreign else "canadian",
            foreign_authority=ForeignAuthority(country="NL", agency="Example", investigating=True) if foreign else None,
            requested_at=self.clock.now(),
            personal=to_field(self.key, sealed),
        )

    async def told(self, *events: Contract, priority: str = "P2", **origin: Any) -> None:
        """The events arrive in one batch."""
        await self.harness.when(*events, origin=self.origin(priority, **origin))

    async def given(self, *captures: AttributedCapture, priority: str = "P2", **told: Any) -> UUID:
        """A suspect whose captures are to be asked about."""
        event = self.requested(*(captures or (capture(),)), **told)
        await self.told(event, priority=priority)
        return event.entry

    async def cancelled(self, *entries: UUID, kind: str = "suspect") -> None:
        """It is moot."""
        await self.told(
            *(
                IdentificationCancelled(
                    entry=one, kind=kind, referral=self.referral, investigation=self.investigation, reason="withdrawn"
                )
                for one in entries
            )
        )

    async def held_by(self, entry: UUID, holder: str, tenant: str | None = None) -> None:
        """Routing assigns the suspect."""
        await self.told(
            AssignmentCreated(
                entry=entry, kind="suspect", referral=self.referral, investigation=self.investigation,
                assignment=ids.new(), holder=holder, determination=ids.new(), body=holder, hop=1,
                assigned_at=self.clock.now(), due_at=self.clock.now(), holder_tenant=tenant,
            )
        )  # fmt: skip

    async def held_by_nobody(self, entry: UUID, holder: str) -> None:
        """The partner withdrew it."""
        await self.told(
            AssignmentWithdrawn(
                entry=entry, kind="suspect", referral=self.referral, investigation=self.investigation,
                assignment=ids.new(), holder=holder, withdrawn_at=self.clock.now(),
            )
        )  # fmt: skip

    async def erase(self) -> None:
        """The referral is erased: its key opens nothing any more."""
        await execute(
            self.harness.database.superuser_url,
            [f"UPDATE keyring.data_key SET wrapped = NULL, destroyed_at = now() WHERE id = '{self.key.id}'"],
        )
        self.clock.advance(timedelta(seconds=CACHE_SECONDS))

    def officer(self, sub: str = "officer-1", **headers: str) -> httpx.AsyncClient:
        """An officer of the centre, by `sub`."""
        token = self.harness.issuer.token("centre", OFFICER, ["officer"], sub=sub, client_id=sub)
        return self.harness.with_headers(
            Authorization=f"Bearer {token}", Interlink_Purpose="identification of a subscriber", **headers
        )

    def of_provider(self, name: str = "north") -> httpx.AsyncClient:
        """A provider's system."""
        return self.harness.client(
            f"provider:provider-{name}", "requests:read", "answers:write", roles=["provider"],
            Interlink_Purpose="answering",
        )  # fmt: skip

    def of_agency(self, slug: str, role: str = "officer") -> httpx.AsyncClient:
        """An agency's officer."""
        return self.harness.client(f"agency:{slug}", "subscribers:read", roles=[role], Interlink_Purpose="held case")

    async def queue(self, **asked: Any) -> list[dict[str, Any]]:
        """What an officer sees."""
        async with self.officer() as client:
            answer = await client.get("/v1/requests", params=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def number(self, instrument: str = PRODUCTION, **asked: Any) -> str:
        """The number of the only request under an instrument."""
        (only,) = await self.queue(instrument=instrument, **asked)
        return only["number"]

    async def post(self, path: str, body: Any = None, *, sub: str = "officer-1") -> httpx.Response:
        """What an officer does."""
        async with self.officer(sub) as client:
            return await client.post(f"/v1/{path}", json=body)

    async def submit(self, number: str, instrument: str = PRODUCTION, **changed: Any) -> httpx.Response:
        """Officer 1 submits a draft."""
        return await self.post(f"requests/{number}:submit", {"authority": authority(instrument, **changed)})

    async def approve(self, number: str, sub: str = "officer-2") -> httpx.Response:
        """Officer 2 approves."""
        return await self.post(f"requests/{number}:approve", sub=sub)

    async def sent(self, instrument: str = PRODUCTION, **changed: Any) -> str:
        """The only draft under an instrument, submitted, approved and handed over."""
        number = await self.number(instrument, state="draft")
        for answer in (await self.submit(number, instrument, **changed), await self.approve(number)):
            assert answer.status_code == 200, answer.text
        await self.harness.work()
        return number

    async def shown(self, number: str) -> dict[str, Any]:
        """One request as an officer sees it."""
        async with self.officer() as client:
            answer = await client.get(f"/v1/requests/{number}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def lines(self, number: str) -> list[dict[str, Any]]:
        """The lines of a request."""
        return (await self.shown(number))["lines"]

    async def answered(
        self, number: str, *lines: dict[str, Any], zone: str = "America/Toronto", by: str = "north"
    ) -> httpx.Response:
        """The provider answers, and what follows from it is done."""
        async with self.of_provider(by) as client:
            answer = await client.post(f"/v1/requests/{number}:answer", json={"zone": zone, "lines": list(lines)})
        await self.harness.work()
        return answer

    async def pending(self) -> list[dict[str, Any]]:
        """Answers that wait for a check."""
        async with self.officer() as client:
            answer = await client.get("/v1/answers")
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def check(self, answer: str, sub: str = "officer-2", **decision: Any) -> httpx.Response:
        """A second person decides."""
        return await self.post(f"answers/{answer}:check", {"decision": "confirm", **decision}, sub=sub)

    async def confirmed(self) -> None:
        """Everything that waits is confirmed."""
        for one in await self.pending():
            answer = await self.check(one["id"], zone_confirmed=True)
            assert answer.status_code == 200, answer.text

    async def published(self, model: type[Any], entry: UUID | None = None) -> list[Any]:
        """Events of one type, in order; of one suspect, or all."""
        told = await self.harness.published(model)
        return [one.event for one in told if entry in (None, one.event.entry)]

    async def identified_and_released(self, entry: UUID) -> UUID:
        """A suspect whose subscriber is identified; the reference of the record."""
        number = await self.sent()
        (line,) = await self.lines(number)
        await self.answered(number, identified(line["line"]))
        await self.confirmed()
        rows: Sequence[Any] = await self.harness.rows(
            "SELECT r.id FROM isp_liaison.subscriber_record r JOIN isp_liaison.line_entry e ON e.line = r.line"
            " WHERE e.entry = $1", entry,
        )  # fmt: skip
        return rows[0]["id"]


@pytest.fixture
def channel_seconds() -> float:
    """How long a provider may take: longer than any test, so that a busy machine is not a provider that hangs."""
    return 30.0


@pytest.fixture
async def liaison(database: TestDatabase, channel_seconds: float) -> AsyncIterator[Liaison]:
    """Liaison, started on a database of its own; a Monday at 15:00 UTC."""
    async with serving() as provider:
        settings = {
            "sandbox_channels": provider.channels,
            "channel_secrets": SecretStr(f"provider-north={SECRET},provider-east={SECRET}"),
            "allowed_hosts": "127.0.0.1",
            "channel_seconds": channel_seconds,
            "pool_size": 16,  # whoever works waits behind nobody who waits for a lock
        }
        async with running(service, database, SettableClock(NOW), **settings) as harness:
            yield Liaison(harness, await harness.process.keyring.new_key(), provider)
