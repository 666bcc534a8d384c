"""Dead letters on the broker: found, shown, replayed, dropped. Their format is the kit's."""
# confluent_kafka.admin is the documented place of these names, though it does not list them in __all__.
# pyright: reportPrivateImportUsage=false

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from contracts.access import OPERATOR
from interlink.observing.broker import TIMEOUT, as_operator, extents
from interlink.stack import topics as planning
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.servers import Broker
from kit import deadletter
from kit.deadletter import DeadLetter
from kit.outbox import Raw

POLL = 500
POLL_SECONDS = 0.1


def dead_letter_topics() -> list[str]:
    """Every dead-letter topic there should be."""
    return [topic.name for topic in planning.planned(planning.declarations()) if ".dlq." in topic.name]


def read_all(home: Home, topics: Iterable[str]) -> list[DeadLetter]:
    """All letters of the topics, in the order they failed, copies of the same record included."""
    ends = {place: extent for place, extent in extents(as_operator(home), topics).items() if extent.next > extent.first}
    if not ends:
        return []
    settings = _settings(home) | {"group.id": f"{OPERATOR}.{time.time_ns()}", "enable.auto.commit": "false"}
    found: list[DeadLetter] = []
    with closing(Consumer(settings)) as consumer:
        consumer.assign([TopicPartition(topic, number, extent.first) for (topic, number), extent in ends.items()])
        open_ends = {place: extent.next for place, extent in ends.items()}
        deadline = time.monotonic() + TIMEOUT
        while open_ends:
            # librdkafka waits for POLL messages as long as it may, and there are seldom so many.
            messages = consumer.consume(POLL, POLL_SECONDS)
            if messages:
                deadline = time.monotonic() + TIMEOUT
            elif time.monotonic() > deadline:
                raise StackError("Kafka did not deliver the dead letters in time; try again.")
            for message in messages:
                found += _letter(message)
            for place in list(open_ends):
                (position,) = consumer.position([TopicPartition(*place)])
                if position.offset >= open_ends[place]:
                    del open_ends[place]
    return sorted(found, key=lambda letter: (letter.failed_at, letter.topic, letter.partition, letter.offset))


def replay(home: Home, letters: Sequence[DeadLetter], *, per_second: float) -> int:
    """Send the original records to the replay topic of the group that gave them up; how many were sent.

    Same event id, so each acts once. Raises `StackError` at the first that Kafka does not take.
    """
    chosen = deadletter.distinct(letters)
    for _ in _sent(home, chosen, deadletter.replay):
        time.sleep(1 / per_second)
    return len(chosen)


def _sent(home: Home, letters: Sequence[DeadLetter], record_of: Callable[[DeadLetter], Raw]) -> Iterator[DeadLetter]:
    producer = Producer(_settings(home) | {"acks": "all", "enable.idempotence": "true"})
    for letter in letters:
        record = record_of(letter)
        producer.produce(record.topic, record.payload, record.key, headers=list(record.headers))
        if producer.flush(TIMEOUT):
            raise StackError(f"Kafka did not take what is told of {name(letter)}.")
        yield letter


def drop(home: Home, letters: Sequence[DeadLetter]) -> None:
    """Tell their groups, so that what waits behind the letters goes on, and delete them.

    In this order: once a letter is gone nobody could tell of it any more, and telling of it twice does no harm.
    Kafka deletes from the beginning of a partition, so older ones must be among them.
    Raises `StackError` where one is not.
    """
    chosen = {(letter.topic, letter.partition, letter.offset) for letter in letters}
    last: dict[tuple[str, int], int] = {}
    for topic, partition, offset in chosen:
        last[(topic, partition)] = max(offset, last.get((topic, partition), -1))
    client = as_operator(home)
    ends = extents(client, {topic for topic, _ in last})
    for (topic, partition), offset in last.items():
        older = set(range(ends[(topic, partition)].first, offset)) - {
            each[2] for each in chosen if each[:2] == (topic, partition)
        }
        if older:
            raise StackError(
                f"{topic}/{partition}/{min(older)} is older than what you drop, and Kafka deletes from the beginning. "
                "Drop it too, or replay it first."
            )
    deque(_sent(home, deadletter.distinct(letters), deadletter.dropped), maxlen=0)
    until = [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()]
    try:
        for answer in client.delete_records(until).values():
            answer.result(TIMEOUT)
    except KafkaException as error:
        raise StackError(f"Kafka refused to delete: {error.args[0]}") from error


def name(letter: DeadLetter) -> str:
    """How an operator names a letter: topic/partition/offset."""
    return f"{letter.topic}/{letter.partition}/{letter.offset}"


def _letter(message: Message) -> list[DeadLetter]:
    if message.error() is not None:
        raise StackError(f"Kafka refused to read dead letters: {message.error()}")
    headers = [(key, value) for key, value in message.headers() or () if isinstance(value, bytes)]
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    key, value = message.key(), message.value()
    if topic is None or partition is None or offset is None:
        return []
    return [deadletter.read(topic, partition, offset, _bytes(key), headers, _bytes(value))]


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value


def _settings(home: Home) -> dict[str, str]:
    return Broker(home=home).settings(OPERATOR, home.secrets[f"kafka.{OPERATOR}"])
