"""Later events of a dead event's key wait, in order, until a person replays or drops its dead letter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from probe.broker import Serving, Topics
from probe.service import EFFECTS, PoisonError, Told, received, record_of, released

from contracts import ids, registry
from kit import deadletter
from kit.consumer import Consumer
from kit.database import Database
from kit.deadletter import DeadLetter
from kit.dispatch import Dispatcher, Handler
from kit.kafka import KafkaAccess, dead_letter_topic
from kit.producer import Producer, Record
from kit.relay import Relay
from kit.settlement import BREAKER_DEAD
from kit.testing.databases import TestDatabase, fetch
from kit.testing.eventually import eventually

POSITIONS = "SELECT coalesce(sum(next), 0) AS n FROM probe.consumer_position"
WAITING = "SELECT record_offset FROM probe.parked_record ORDER BY id"
KEYS = "SELECT state FROM probe.parked_key"

Letters = Callable[[], Awaitable[list[DeadLetter]]]


class Parking:
    """The probe, its broker, and what an operator does."""

    def __init__(self, database: TestDatabase, producer: Producer, topics: Topics) -> None:
        self.database = database
        self.topics = topics
        self._producer = producer
        self.bad: set[UUID] = set()
        self.read = 0

    def fails(self, one: object) -> bool:
        return getattr(one, "envelope").id in self.bad  # noqa: B009 - any event

    async def told(self, *given: Told) -> None:
        for one in given:
            await self.written(one.record)
        await eventually(self.all_read)

    async def sent(self, record: deadletter.Raw) -> None:
        headers = list(record.headers)
        await self.written(Record(topic=record.topic, key=record.key, headers=headers, payload=record.payload))

    async def written(self, record: Record) -> None:
        assert not any(await self._producer.send([record]))
        self.read += 1

    async def all_read(self) -> bool:
        (row,) = await fetch(self.database.superuser_url, POSITIONS)
        return row["n"] >= self.read

    async def acted(self) -> list[UUID]:
        return [row["event"] for row in await fetch(self.database.superuser_url, EFFECTS)]

    async def waiting(self) -> int:
        return len(await fetch(self.database.superuser_url, WAITING))

    async def keys(self) -> list[str]:
        return [row["state"] for row in await fetch(self.database.superuser_url, KEYS)]


@pytest.fixture
async def parking(database: TestDatabase, topics: Topics, kafka_access: KafkaAccess) -> AsyncIterator[Parking]:
    producer = Producer(kafka_access, "outside")
    yield Parking(database, producer, topics)
    await producer.drop()


@pytest.fixture
def letters(topics: Topics, relay: Relay, written: Callable[[str], Awaitable[list[Record]]]) -> Letters:
    async def read() -> list[DeadLetter]:
        while (await relay.run_once()).rows:
            continue
        records = await written(dead_letter_topic(topics.referrals, topics.group))
        return [deadletter.read("d", 0, 0, one.key, one.headers, one.value) for one in records]

    return read


def of_one_key(count: int) -> list[Told]:
    key = ids.new()
    return [record_of(received(key), sequence=number) for number in range(1, count + 1)]


class App:
    """What the probe's handler asks of its application."""

    def __init__(self, fails: Callable[[object], bool]) -> None:
        self.fails = fails
        self.batches: list[int] = []

    def interrupt(self) -> None: ...

    async def pause(self) -> None: ...


async def test_what_follows_a_dead_event_waits_and_a_replay_releases_it_in_order(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    mine, others = of_one_key(4), of_one_key(2)
    parking.bad = {mine[0].id}
    async with serving(App(parking.fails), probe):
        await parking.told(mine[0], others[0], mine[1], mine[2], others[1])
        assert await parking.acted() == [one.id for one in others]
        (letter,) = await letters()

        parking.bad = set()
        await parking.sent(deadletter.replay(letter))
        expected = [one.id for one in (*others, *mine[:3])]
        await eventually(lambda: _equal(parking.acted(), expected))
        await eventually(lambda: _equal(parking.keys(), []))
        await parking.told(mine[3])
        await eventually(lambda: _equal(parking.acted(), [*expected, mine[3].id]))
    assert await parking.waiting() == 0


async def test_dropping_the_dead_letter_releases_what_waits_without_it(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    mine = of_one_key(3)
    parking.bad = {mine[0].id}
    async with serving(App(parking.fails), probe):
        await parking.told(*mine)
        assert (await parking.acted(), await parking.waiting()) == ([], 2)
        (letter,) = await letters()
        await parking.sent(deadletter.dropped(letter))
        await eventually(lambda: _equal(parking.acted(), [one.id for one in mine[1:]]))


async def test_one_that_fails_after_its_release_is_dead_and_the_rest_waits_again(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    mine = of_one_key(4)
    parking.bad = {mine[0].id, mine[2].id}
    async with serving(App(parking.fails), probe):
        await parking.told(*mine)
        (letter,) = await letters()
        parking.bad = {mine[2].id}
        await parking.sent(deadletter.replay(letter))
        await eventually(lambda: _equal(parking.acted(), [mine[0].id, mine[1].id]))
        await eventually(lambda: _equal(parking.keys(), ["parked"]))
        assert await parking.waiting() == 1

        (_, second) = await letters()
        parking.bad = set()
        for decided_before in (deadletter.dropped(letter), deadletter.replay(letter)):
            await parking.sent(decided_before)
            await eventually(parking.all_read)
            assert await parking.acted() == [mine[0].id, mine[1].id]
            assert (await parking.waiting(), await parking.keys()) == (1, ["parked"])

        await parking.sent(deadletter.replay(second))
        await eventually(lambda: _equal(parking.acted(), [one.id for one in mine]))


async def test_a_replay_that_fails_again_releases_nothing(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    mine = of_one_key(2)
    parking.bad = {mine[0].id}
    async with serving(App(parking.fails), probe):
        await parking.told(*mine)
        (letter,) = await letters()
        await parking.sent(deadletter.replay(letter))
        await eventually(lambda: _counts(letters, 2))
        assert (await parking.acted(), await parking.waiting(), await parking.keys()) == ([], 1, ["parked"])


async def test_an_event_that_cannot_be_decoded_holds_its_key_too(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    key = ids.new()
    broken = record_of(received(key), payload=b"{}")
    later = record_of(received(key), sequence=2)
    async with serving(App(parking.fails), probe):
        await parking.told(broken, later)
        assert (await parking.acted(), await parking.waiting()) == ([], 1)
        (letter,) = await letters()
        await parking.sent(deadletter.dropped(letter))
        await eventually(lambda: _equal(parking.acted(), [later.id]))


async def test_handlers_of_newest_states_let_later_events_pass(
    parking: Parking,
    probe: Database,
    serving: Serving,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Dispatcher.commutative
    monkeypatch.setattr(Dispatcher, "commutative", lambda self, headers: made(self, headers) or True)
    mine = of_one_key(3)
    parking.bad = {mine[1].id}
    async with serving(App(parking.fails), probe):
        await parking.told(*mine)
        assert await parking.acted() == [mine[0].id, mine[2].id]


def test_commutative_is_what_the_handler_says() -> None:
    async def handle(*_: object) -> None: ...

    told = registry.of(type(received())).type
    ordered = Dispatcher([Handler(event=type(received()), handle=handle)])
    newest = Dispatcher([Handler(event=type(received()), handle=handle, commutative=True)])
    assert (ordered.commutative(told), newest.commutative(told), newest.commutative(None)) == (False, True, False)


async def test_what_was_released_before_a_kill_is_handled_by_the_next_process(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    mine = of_one_key(3)
    parking.bad = {mine[0].id}
    async with serving(App(parking.fails), probe):
        await parking.told(*mine)
    await fetch(parking.database.superuser_url, "UPDATE probe.parked_key SET state = 'releasing'")
    async with serving(App(parking.fails), probe):
        await eventually(lambda: _equal(parking.acted(), [one.id for one in mine[1:]]))


async def test_what_was_released_before_a_member_went_away_is_handled_by_who_takes_its_partitions(
    parking: Parking, probe: Database, serving: Serving
) -> None:
    """The process that stays has looked for released keys long ago."""
    mine = of_one_key(3)
    parking.bad = {mine[0].id}
    async with serving(App(parking.fails), probe) as first:
        await parking.told(*mine)
        async with serving(App(parking.fails), probe) as second:
            await eventually(lambda: second.condition.assigned)
            await eventually(lambda: not first.settlement.releasing and not second.settlement.releasing)
            await fetch(parking.database.superuser_url, "UPDATE probe.parked_key SET state = 'releasing'")
        await eventually(lambda: _equal(parking.acted(), [one.id for one in mine[1:]]))


async def test_a_long_release_does_not_hold_up_the_other_keys(
    parking: Parking, probe: Database, serving: Serving
) -> None:
    mine, (other,) = of_one_key(5_000), of_one_key(1)
    await released(probe, mine)

    class Telling(App):
        async def pause(self) -> None:
            if len(self.batches) == 1:
                await parking.written(other.record)

    async with serving(Telling(parking.fails), probe):
        await eventually(lambda: _equal(parking.keys(), []), within=60)
        await eventually(parking.all_read)
    acted = await parking.acted()
    assert [one for one in acted if one != other.id] == [one.id for one in mine]
    assert other.id in acted[:-1]


async def test_too_many_dead_letters_stop_the_consumer_before_the_topic_is_empty(
    parking: Parking, probe: Database, serving: Serving
) -> None:
    many = [record_of(received()) for _ in range(200)]
    consumers: list[Consumer] = []

    def always(_one: object) -> bool:
        raise PoisonError

    async with serving(App(always), probe) as consumer:
        consumers.append(consumer)
        assert not any(await parking._producer.send([one.record for one in many]))
        await eventually(lambda: consumer.condition.broken, within=60)
        (row,) = await fetch(parking.database.superuser_url, POSITIONS)
        assert BREAKER_DEAD < row["n"] < len(many)
    assert not consumers[0].condition.assigned


async def test_too_many_events_that_nobody_can_decode_stop_the_consumer_before_it_gives_them_up(
    parking: Parking, probe: Database, serving: Serving, letters: Letters
) -> None:
    many = [record_of(received(), payload=b"{}") for _ in range(200)]
    async with serving(App(parking.fails), probe) as consumer:
        assert not any(await parking._producer.send([one.record for one in many]))
        await eventually(lambda: consumer.condition.broken, within=60)
    assert len(await letters()) <= BREAKER_DEAD


async def _equal(asked: Awaitable[object], wanted: object) -> bool:
    return await asked == wanted


async def _counts(letters: Letters, number: int) -> bool:
    return len(await letters()) == number
