"""Follows what the centre publishes, as any internal subscriber may: the topics without personal data."""

import time
from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import OFFSET_END, Consumer, Message, TopicPartition
from pydantic import ValidationError

from contracts.envelope import type_of
from contracts.model import Contract
from contracts.registry import BY_TYPE, DELIVERIES, IDENTIFICATIONS, JURISDICTIONS, REFERRALS
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import SUBSCRIBER
from interlink.stack.servers import Broker

BATCH = 500
FOLLOWED = (REFERRALS, JURISDICTIONS, IDENTIFICATIONS, DELIVERIES)


class Follower:
    """A subscriber that begins at the present. Use in a `with` block."""

    def __init__(self, home: Home) -> None:
        settings = Broker(home=home).settings(SUBSCRIBER, home.secrets[f"kafka.{SUBSCRIBER}"])
        self._consumer = Consumer(
            settings
            | {
                "group.id": f"{SUBSCRIBER}.demo.{time.time_ns()}",
                "enable.auto.commit": "false",
                "auto.offset.reset": "latest",
                "fetch.wait.max.ms": "50",
            }
        )

    def __enter__(self) -> "Follower":
        """Stand at the end of every partition, so that nothing that comes from now on is missed."""
        places: list[TopicPartition] = []
        for topic in FOLLOWED:
            for number in range(topic.partitions):
                _, end = self._consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=10)
                places.append(TopicPartition(topic.name, number, end if end >= 0 else OFFSET_END))
        self._consumer.assign(places)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave."""
        with closing(self._consumer):
            self._consumer.unassign()

    def heard(self, seconds: float) -> Iterator[Contract]:
        """Events that arrive within that time; of unknown types, none. Raises `StackError` when refused."""
        for message in self._consumer.consume(BATCH, seconds):
            if message.error() is not None:
                raise StackError(f"Kafka lets the demo follow no events: {message.error()}")
            yield from _event(message)


def _event(message: Message) -> Iterator[Contract]:
    headers = [(name, value) for name, value in message.headers() or () if isinstance(value, bytes)]
    declared = BY_TYPE.get(type_of(headers) or "")
    value = message.value()
    if declared is None or value is None:
        return
    try:
        yield declared.model.model_validate_json(value)
    except ValidationError as error:
        raise StackError(f"An event of type {declared.type} does not fit its schema: {error}") from error
