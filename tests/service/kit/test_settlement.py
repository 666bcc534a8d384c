"""What one batch does to the events that stand behind a dead one of their key, without a broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from probe.service import EFFECTS, NOW, Application, Told, received, record, record_of

from contracts import ids
from contracts.events.referrals import ReferralAmended, ReferralReceived
from kit import positions
from kit.database import Database
from kit.dispatch import Dispatcher, on
from kit.positions import Partition
from kit.settlement import Settlement
from kit.testing.databases import TestDatabase, fetch
from kit.time import SystemClock

GROUP = "interlink.probe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A record as a client would hand it over."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def amended(referral: UUID) -> ReferralAmended:
    return ReferralAmended(
        referral=referral,
        number="IL-2026-000001",
        partner="bureau-nl",
        version=2,
        received_at=NOW,
        reported=0,
        amended=1,
        withdrawn=0,
        unchanged=0,
    )


def standing(one: Told, offset: int) -> Standing:
    return Standing(
        topic=one.record.topic,
        partition=0,
        offset=offset,
        timestamp=0,
        key=one.record.key,
        value=one.record.payload,
        headers=one.record.headers,
    )


async def test_a_broken_event_that_may_be_passed_holds_no_later_event_of_its_key(
    probe: Database, database: TestDatabase
) -> None:
    """Nobody parks its key, so nothing would ever release what is put behind it."""
    key = ids.new()
    broken = record_of(amended(key), payload=b"{}")
    ordered = record_of(received(key), sequence=2)
    dispatcher = Dispatcher([on(ReferralAmended, record, commutative=True), on(ReferralReceived, record)])
    settlement = Settlement(
        dispatcher=dispatcher, application=Application(), database=probe, clock=SystemClock(), group=GROUP
    )
    expected = {Partition(broken.record.topic, 0): 0}
    async with probe.as_system() as tx:
        await positions.begin(tx, expected)
    await settlement.settle([standing(broken, 0), standing(ordered, 1)], expected)
    assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [ordered.id]
    assert await fetch(database.superuser_url, "SELECT FROM probe.parked_record") == []
