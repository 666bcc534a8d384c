"""Routing as a whole, on real Postgres: entries are told as intake tells them, sealed under real keys."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from contracts import ids
from contracts.events.entries import (
    SuspectAmended,
    SuspectReported,
    SuspectWithdrawn,
    VictimAmended,
    VictimReported,
)
from contracts.events.identifications import IdentificationCompleted
from contracts.model import Contract, Encrypted
from contracts.personal import Capture, CivicAddress, EntryItems, Identifier, StatedLocation
from kit.encryption import DataKey, to_field
from kit.outbox import Origin
from kit.testing.databases import TestDatabase
from kit.testing.harness import Harness, running
from kit.time import SettableClock
from routing.service import service

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)  # a Monday
PARTNER = "partner:bureau-nl"
BELL = "70.24.10.1"
SASKTEL = "142.165.1.1"
ABROAD = "145.97.1.1"  # SURF, Netherlands

WHO_HOLDS = """
    SELECT a.entry, a.holder, a.body, a.state, a.hop FROM routing.assignment a
    WHERE a.state IN ('assigned', 'accepted', 'closed') ORDER BY a.entry
"""


def capture(ip: str = BELL, at: datetime | None = None, item: str = "/captures/0", **changed: Any) -> Capture:
    """A capture of grade A."""
    told: dict[str, Any] = {
        "item": item,
        "raw_ip": ip,
        "ip": ip,
        "ip_class": "public",
        "port": 50123,
        "raw_time": "2026-06-20T12:00:00Z",
        "at": at or datetime(2026, 6, 20, 12, tzinfo=UTC),
        "precision": "second",
        "zone": "Z",
        "tzdata": "2026.6",
        "grade": "A",
    }
    return Capture(**{**told, **changed})


def items(**told: Any) -> EntryItems:
    """What a referral says of one entry."""
    return EntryItems(reference="S-1", **told)


def address(**told: Any) -> CivicAddress:
    """A civic address with a street that must stay sealed."""
    return CivicAddress(item="/civic_addresses/0", street="12 Synthetic Street", **told)


def phone(value: str, **told: Any) -> Identifier:
    """A phone number of the reserved range."""
    return Identifier(item="/phones/0", kind="phone", value=value, normalised=value, **told)


def stated(**told: Any) -> StatedLocation:
    """Where the account says that the person is."""
    return StatedLocation(**told)


class Routing:
    """Routing and the hands to drive it with."""

    def __init__(self, harness: Harness, key: DataKey) -> None:
        self.harness = harness
        self.clock: SettableClock = harness.clock
        self.key = key
        self.referral = ids.new()

    def origin(self, priority: str = "P2", referral: UUID | None = None) -> Origin:
        """What the events of our referral inherit."""
        return Origin(
            tenant=PARTNER, testmode=True, handling="H1;TLP:AMBER", priority=priority,
            correlation=referral or self.referral,
        )  # fmt: skip

    def sealed(self, entry: UUID, version: int, part: int, told: EntryItems) -> Encrypted:
        """Items as an event carries them."""
        context = f"{entry}:{version}:{part}".encode()
        return to_field(self.key, self.key.encrypt(told.model_dump_json(exclude_none=True).encode(), context))

    def suspect(
        self,
        told: EntryItems,
        entry: UUID | None = None,
        *,
        version: int = 1,
        part: int = 1,
        parts: int = 1,
        model: type[SuspectReported] | type[SuspectAmended] = SuspectReported,
        **changed: Any,
    ) -> SuspectReported | SuspectAmended:
        """A suspect's event."""
        entry = entry or ids.new()
        return model(
            **{
                "suspect": entry,
                "role": "suspect",
                **self._state(entry, version, part, parts, told),
                **changed,
            }
        )

    def victim(
        self,
        told: EntryItems,
        entry: UUID | None = None,
        *,
        version: int = 1,
        model: type[VictimReported] | type[VictimAmended] = VictimReported,
        **changed: Any,
    ) -> VictimReported | VictimAmended:
        """A victim's event."""
        entry = entry or ids.new()
        return model(**{"victim": entry, "role": "victim", **self._state(entry, version, 1, 1, told), **changed})

    def _state(self, entry: UUID, version: int, part: int, parts: int, told: EntryItems) -> dict[str, Any]:
        return {
            "referral": self.referral,
            "number": "IL-2026-000001",
            "version": version,
            "part": part,
            "parts": parts,
            "grade": "A",
            "offence_type": "csaem",
            "received_at": NOW,
            "factors": ["urgency.declared"],
            "personal": self.sealed(entry, version, part, told),
        }

    async def told(self, *events: Contract, priority: str = "P2") -> None:
        """The events arrive in one batch."""
        await self.harness.when(*events, origin=self.origin(priority))

    async def given_suspect(self, told: EntryItems, **changed: Any) -> UUID:
        """A suspect that is reported and routed."""
        event = self.suspect(told, **changed)
        await self.told(event)
        return event.suspect

    async def withdrawn(self, entry: UUID, version: int = 2) -> None:
        """A later version no longer names the suspect."""
        await self.told(
            SuspectWithdrawn(suspect=entry, referral=self.referral, version=version, reason="absent_from_amendment")
        )

    async def answered(self, entry: UUID, outcome: str = "subscriber_identified", **told: Any) -> None:
        """Liaison tells a provider's answer."""
        await self.told(
            IdentificationCompleted(
                entry=entry, kind="suspect", referral=self.referral, request=ids.new(), line=ids.new(),
                outcome=outcome, completed_at=self.clock.now(), **told,
            )
        )  # fmt: skip

    async def holders(self) -> dict[UUID, tuple[str, str, str]]:
        """Per entry: holder, body, state of its current assignment."""
        rows = await self.harness.rows(WHO_HOLDS)
        assert len(rows) == len({row["entry"] for row in rows})
        return {row["entry"]: (row["holder"], row["body"], row["state"]) for row in rows}

    async def holder(self, entry: UUID) -> str:
        """Who holds an entry."""
        return (await self.holders())[entry][0]

    async def current(self, entry: UUID) -> UUID:
        """The current assignment of an entry."""
        rows = await self.harness.rows(
            "SELECT id FROM routing.assignment WHERE entry = $1 AND state IN ('assigned', 'accepted', 'closed')",
            entry,
        )
        return rows[0]["id"]

    def published_types(self, told: Sequence[Any]) -> list[str]:
        """Types of published events, without prefix and version."""
        return [one.envelope.type.split(".", 1)[1].rsplit(".", 1)[0] for one in told]

    async def published(self, entry: UUID) -> list[str]:
        """Types of everything published about an entry, in order."""
        told = await self.harness.published()
        return self.published_types([one for one in told if one.envelope.subject == str(entry)])

    def agency(self, slug: str) -> httpx.AsyncClient:
        """A client of an agency that may read and decide."""
        scopes = ("suspects:read", "assignments:read", "assignments:decide", "determinations:preview")
        return self.harness.client(f"agency:{slug}", *scopes, Interlink_Purpose="review of a held case")

    def partner(self, slug: str = "bureau-nl") -> httpx.AsyncClient:
        """A client of a partner."""
        scopes = ("suspects:read", "assignments:read", "assignments:decide")
        return self.harness.client(f"partner:{slug}", *scopes, Interlink_Purpose="follow-up of our referral")

    def coordinator(self) -> httpx.AsyncClient:
        """A client of the centre."""
        scopes = ("suspects:read", "assignments:read", "assignments:decide")
        return self.harness.client("centre", *scopes, roles=["coordinator"], Interlink_Purpose="coordination")


@pytest.fixture(scope="session")
def networks_cache(home: Path) -> Path:
    """Where unpacked snapshots are shared by all tests."""
    return home / "routing"


@pytest.fixture
async def routing(database: TestDatabase, networks_cache: Path) -> AsyncIterator[Routing]:
    """Routing, started on a database of its own; a Monday at 15:00 UTC."""
    async with running(service, database, SettableClock(NOW), home=networks_cache) as harness:
        yield Routing(harness, await harness.process.keyring.new_key())
