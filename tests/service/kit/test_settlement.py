"""What becomes of the events that stand behind a dead one of their key, without a broker."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from probe.service import DISPATCHER, EFFECTS, NOW, Application, Told, received, record, record_of, released, standing
from sqlalchemy import text

from contracts import ids, registry
from contracts.events.referrals import ReferralAmended, ReferralReceived
from contracts.model import Contract
from kit import outbox, positions
from kit.database import Database, Transaction
from kit.dispatch import Dispatcher, Received, on
from kit.kafka import replay_topic
from kit.positions import Partition
from kit.settlement import RELEASED_AT_ONCE, SINGLE_TRIES, Settlement
from kit.testing.databases import TestDatabase, fetch
from kit.time import SystemClock

GROUP = "interlink.probe"
LETTERS = "SELECT headers FROM probe.outbox"


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


def of_one_key(count: int) -> list[Told]:
    key = ids.new()
    return [record_of(received(key), sequence=number) for number in range(1, count + 1)]


class Between(Database):
    """The probe's, with something that happens before each of its transactions."""

    def __init__(self, database: TestDatabase, before: Callable[[], Awaitable[None]]) -> None:
        super().__init__(schema="probe", api_url=None, system_url=database.url("probe_system"), clock=SystemClock())
        self._before = before

    @asynccontextmanager
    async def _after(self) -> AsyncGenerator[Transaction]:
        await self._before()
        async with super().as_system() as tx:
            yield tx

    def as_system(self) -> Any:
        return self._after()


def settlement_of(database: Database, application: Application) -> Settlement:
    return Settlement(
        dispatcher=DISPATCHER, application=application, database=database, clock=SystemClock(), group=GROUP
    )


async def all_released(settlement: Settlement) -> None:
    while await settlement.release():
        continue


async def test_a_key_that_another_process_took_over_costs_no_other_key_its_record(
    probe: Database, database: TestDatabase
) -> None:
    """One key's record fails each time, and before it is given up somebody else works on that key."""
    first, second = sorted((of_one_key(1), of_one_key(1)), key=lambda told: told[0].record.key or b"")
    await released(probe, first, second)
    tries = 0

    def fails(one: Received[Any]) -> bool:
        nonlocal tries
        tries += one.envelope.id == first[0].id
        return one.envelope.id == first[0].id

    other = await asyncpg.connect(database.superuser_url)

    async def before() -> None:
        if tries == 1 + SINGLE_TRIES and not other.is_in_transaction():
            await other.execute("BEGIN")
            await other.execute("SELECT FROM probe.parked_key WHERE key = $1 FOR UPDATE", first[0].record.key)

    between = Between(database, before)
    settlement = settlement_of(between, Application(fails=fails))
    await all_released(settlement)
    assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [second[0].id]
    assert await fetch(database.superuser_url, LETTERS) == []
    assert settlement.releasing

    await other.close()
    tries = 0
    await all_released(settlement)
    assert len(await fetch(database.superuser_url, LETTERS)) == 1
    await between.close()


async def test_a_record_is_given_up_only_after_its_own_tries(probe: Database, database: TestDatabase) -> None:
    """The one before it failed until somebody else was done with it, and then it failed once."""
    told = of_one_key(2)
    await released(probe, told)
    tries = {one.id: 0 for one in told}

    def fails(one: Received[Any]) -> bool:
        tries[one.envelope.id] += 1
        return one.envelope.id == told[0].id or tries[told[1].id] == 1

    async def before() -> None:
        if tries[told[0].id] == SINGLE_TRIES:
            await fetch(database.superuser_url, "DELETE FROM probe.parked_record WHERE record_offset = 1")

    between = Between(database, before)
    await all_released(settlement_of(between, Application(fails=fails)))
    assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [told[1].id]
    assert await fetch(database.superuser_url, LETTERS) == []
    assert await fetch(database.superuser_url, "SELECT FROM probe.parked_key") == []
    await between.close()


class Named(Contract):
    """Whoever a sealed field names."""

    name: str


async def read_a_name(_tx: Transaction) -> None:
    Named.model_validate_json('{"name": ["Jean Tremblay"]}')


async def break_a_rule(tx: Transaction) -> None:
    await tx.execute(text("INSERT INTO parked_key (topic, key, state) VALUES ('Jean Tremblay', '', 'no')"))


async def read_a_number(tx: Transaction) -> None:
    await tx.execute(text("SELECT CAST('Jean Tremblay' AS integer)"))


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (read_a_name, b"/name: string_type"),
        (break_a_rule, b"23514 parked_key_state_check"),
        (read_a_number, b"22P02"),
    ],
)
async def test_a_dead_letter_says_what_failed_and_never_on_which_value(
    probe: Database, database: TestDatabase, does: Callable[[Transaction], Awaitable[None]], told: bytes
) -> None:
    """Its headers stand in clear for months, and the texts of such errors repeat what they were given."""

    async def handle(_application: Any, tx: Transaction, _batch: Sequence[Any]) -> None:
        await does(tx)

    given = record_of(received())
    settlement = Settlement(
        dispatcher=Dispatcher([on(ReferralReceived, handle)]), application=None, database=probe, clock=SystemClock(),
        group=GROUP,
    )  # fmt: skip
    expected = {Partition(given.record.topic, 0): 0}
    async with probe.as_system() as tx:
        await positions.begin(tx, expected)
    await settlement.settle([standing(given, 0)], expected)
    (letter,) = await fetch(database.superuser_url, LETTERS)
    headers = outbox.unpack(letter["headers"])
    assert dict(headers)["dlq_message"] == told
    assert not [name for name, value in headers if b"Tremblay" in (value or b"")]


async def test_an_event_on_another_topic_than_its_own_is_not_believed(probe: Database, database: TestDatabase) -> None:
    """Only the one writer of a topic may send its events, and a service may write to its own topics alone."""
    given = record_of(received())
    moved = replace(standing(given, 0), topic=registry.SUSPECTS.name)
    expected = {Partition(moved.topic, 0): 0}
    async with probe.as_system() as tx:
        await positions.begin(tx, expected)
    await settlement_of(probe, Application()).settle([moved], expected)
    assert await fetch(database.superuser_url, EFFECTS) == []
    (letter,) = await fetch(database.superuser_url, LETTERS)
    assert dict(outbox.unpack(letter["headers"]))["dlq_error"] == b"topic"


async def test_an_event_comes_back_by_the_replay_topic_of_its_own(probe: Database, database: TestDatabase) -> None:
    given = record_of(received())
    again = replace(standing(given, 0), topic=replay_topic(given.record.topic, GROUP))
    expected = {Partition(again.topic, 0): 0}
    async with probe.as_system() as tx:
        await positions.begin(tx, expected)
    await settlement_of(probe, Application()).settle([again], expected)
    assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [given.id]


async def test_a_release_is_divided_into_steps(probe: Database, database: TestDatabase) -> None:
    """Whoever calls it does something else in between."""
    told = of_one_key(RELEASED_AT_ONCE + 1)
    await released(probe, told)
    settlement = settlement_of(probe, Application())
    for number in (RELEASED_AT_ONCE, RELEASED_AT_ONCE + 1):
        assert await settlement.release()
        assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [
            one.id for one in told[:number]
        ]
    assert settlement.releasing
    assert not await settlement.release()
    assert not settlement.releasing


async def test_what_takes_too_long_together_is_released_in_smaller_steps(
    probe: Database, database: TestDatabase
) -> None:
    """And none of it is given up."""
    told = of_one_key(100)
    await released(probe, told)
    application = Application()
    application.interrupt = lambda: too_long(application.batches[-1])
    settlement = settlement_of(probe, application)
    for _ in range(100):
        with suppress(asyncpg.QueryCanceledError):
            await all_released(settlement)
    assert [row["event"] for row in await fetch(database.superuser_url, EFFECTS)] == [one.id for one in told]
    assert await fetch(database.superuser_url, LETTERS) == []
    assert not settlement.releasing


def too_long(events: int) -> None:
    """A statement's time does not suffice for more."""
    if events > 20:
        raise asyncpg.QueryCanceledError
