"""What the operator sees of Kafka: where topics end and what waits in them. Reads no event."""
# confluent_kafka.admin is the documented place of these names, though it does not list them in __all__.
# pyright: reportPrivateImportUsage=false

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from contracts.access import OPERATOR
from interlink.stack.home import Home
from interlink.stack.kafka import admin_client
from interlink.stack.layout import StackError
from interlink.stack.servers import Broker

TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class Extent:
    """First and next offset of one partition."""

    first: int
    next: int


def as_operator(home: Home) -> AdminClient:
    """A client with the operator's rights: it sees extents, reads dead letters, writes replays."""
    return admin_client(Broker(home=home).settings(OPERATOR, home.secrets[f"kafka.{OPERATOR}"]))


def extents(client: AdminClient, topics: Iterable[str]) -> dict[tuple[str, int], Extent]:
    """First and next offset of every partition of the topics; a topic that does not exist has none.

    Raises `StackError` when Kafka does not answer.
    """
    wanted = set(topics)
    try:
        known = client.list_topics(timeout=TIMEOUT).topics
        partitions = [
            TopicPartition(name, number) for name in sorted(wanted & set(known)) for number in known[name].partitions
        ]
        firsts = _offsets(client, partitions, OffsetSpec.earliest())
        nexts = _offsets(client, partitions, OffsetSpec.latest())
    except KafkaException as error:
        raise StackError(f"Kafka does not answer: {error.args[0]}") from error
    return {place: Extent(firsts[place], nexts[place]) for place in firsts}


def _offsets(client: AdminClient, partitions: Iterable[TopicPartition], spec: Any) -> dict[tuple[str, int], int]:
    wanted: dict[TopicPartition, Any] = dict.fromkeys(partitions, spec)
    asked = client.list_offsets(wanted, request_timeout=TIMEOUT)
    return {(place.topic, place.partition): answer.result(TIMEOUT).offset for place, answer in asked.items()}
