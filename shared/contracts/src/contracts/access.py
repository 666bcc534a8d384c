"""Which Kafka topics exist and who may do what with them, derived from the registry and from each service.

The write side comes from the registry alone, so every writer's user and rights exist before the service
does. Reads, consumer groups, dead-letter and replay topics come from what a service says it reads.
Rights name whole topics, never prefixes: a new topic is readable by nobody until somebody declares it.
Not promised: anything for the broker's own administrator, who creates all this.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from contracts import registry
from contracts.model import Contract
from contracts.registry import PREFIX, SERVICES, TOPICS, PersonalData, Topic

OPERATOR = "operator"


class ResourceType(StrEnum):
    """What a right is about, in Kafka's words."""

    TOPIC = "topic"
    GROUP = "group"


class Operation(StrEnum):
    """What the right allows. READ and WRITE imply DESCRIBE; WRITE on a topic implies idempotent writes."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"
    DELETE = "delete"


class AccessError(ValueError):
    """A service claims what the registry gives to another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a service says of itself: its name as in `registry.SERVICES`, the events it reads and publishes."""

    name: str
    reads: frozenset[type[Contract]] = frozenset()
    publishes: frozenset[type[Contract]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Acl:
    """One right: `principal` (`User:intake`) may do `operation` on the resource of exactly this name."""

    principal: str
    resource_type: ResourceType
    name: str
    operation: Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaTopic:
    """One topic to be created. Replication is the deployment's business, the rest is fixed here."""

    name: str
    partitions: int
    retention: timedelta
    compacted: bool
    personal: PersonalData
    writer: str

    def config(self) -> dict[str, str]:
        """Kafka's topic settings as text."""
        return {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "retention.ms": str(self.retention // timedelta(milliseconds=1)),
        }


def group(service: str) -> str:
    """The consumer group of a service."""
    return PREFIX + service


def dead_letters(topic: str, service: str) -> str:
    """Where the consumer of a service puts records of a topic that it cannot handle."""
    return f"{topic}.dlq.{group(service)}"


def replays(topic: str, service: str) -> str:
    """Where an operator puts them again; read by that service alone."""
    return f"{topic}.replay.{group(service)}"


def principal(user: str) -> str:
    """A Kafka user in the form that ACLs want."""
    return f"User:{user}"


def topics_read(declaration: Declaration) -> tuple[Topic, ...]:
    """The topics behind the events a service reads, by name."""
    found = {registry.of(model).topic.name: registry.of(model).topic for model in declaration.reads}
    return tuple(found[name] for name in sorted(found))


def check(declaration: Declaration) -> None:
    """Raises `AccessError` where a service is unknown or publishes to a topic that another one owns."""
    if declaration.name not in SERVICES:
        raise AccessError(f"{declaration.name} is no service of the registry")
    for model in declaration.publishes:
        event = registry.BY_MODEL.get(model)
        if event is None:
            raise AccessError(f"{declaration.name} publishes {model.__name__}, which is no event")
        if event.topic.writer != declaration.name:
            raise AccessError(f"{declaration.name} publishes {event.type}, owned by {event.topic.writer}")
    for model in declaration.reads:
        if model not in registry.BY_MODEL:
            raise AccessError(f"{declaration.name} reads {model.__name__}, which is no event")


def topics(declarations: Iterable[Declaration]) -> tuple[KafkaTopic, ...]:
    """Every topic of the suite: those of the registry, and dead letters and replays of every reader."""
    planned = [_source(topic) for topic in TOPICS]
    for declaration in sorted(declarations, key=lambda each: each.name):
        check(declaration)
        for topic in topics_read(declaration):
            planned.append(_dead_letter_topic(topic, declaration.name))
            planned.append(_replay_topic(topic, declaration.name))
    return tuple(planned)


def acls(declarations: Iterable[Declaration]) -> tuple[Acl, ...]:
    """Every right of the suite, sorted and without repeats."""
    rights = {_topic_right(topic.writer, topic.name, Operation.WRITE) for topic in TOPICS}
    for declaration in declarations:
        check(declaration)
        rights |= _reader_rights(declaration) | _operator_rights(declaration)
    return tuple(sorted(rights))


def _reader_rights(declaration: Declaration) -> set[Acl]:
    service = declaration.name
    rights = {_group_right(service, service, Operation.READ)} if declaration.reads else set[Acl]()
    for topic in topics_read(declaration):
        rights |= {
            _topic_right(service, topic.name, Operation.READ),
            _topic_right(service, replays(topic.name, service), Operation.READ),
            _topic_right(service, dead_letters(topic.name, service), Operation.WRITE),
        }
    return rights


def _operator_rights(declaration: Declaration) -> set[Acl]:
    """List and show dead letters, replay them, drop them (DELETE allows deleting records), watch the lag."""
    service = declaration.name
    rights = {_group_right(OPERATOR, service, Operation.DESCRIBE)} if declaration.reads else set[Acl]()
    for topic in topics_read(declaration):
        rights |= {
            _topic_right(OPERATOR, topic.name, Operation.DESCRIBE),
            _topic_right(OPERATOR, dead_letters(topic.name, service), Operation.READ),
            _topic_right(OPERATOR, dead_letters(topic.name, service), Operation.DELETE),
            _topic_right(OPERATOR, replays(topic.name, service), Operation.WRITE),
        }
    return rights


def _topic_right(user: str, name: str, operation: Operation) -> Acl:
    return Acl(principal=principal(user), resource_type=ResourceType.TOPIC, name=name, operation=operation)


def _group_right(user: str, service: str, operation: Operation) -> Acl:
    return Acl(
        principal=principal(user),
        resource_type=ResourceType.GROUP,
        name=group(service),
        operation=operation,
    )


def _source(topic: Topic) -> KafkaTopic:
    return KafkaTopic(
        name=topic.name,
        partitions=topic.partitions,
        retention=topic.retention,
        compacted=topic.compacted,
        personal=topic.personal,
        writer=topic.writer,
    )


def _dead_letter_topic(topic: Topic, service: str) -> KafkaTopic:
    return KafkaTopic(
        name=dead_letters(topic.name, service),
        partitions=topic.partitions,
        retention=registry.DEAD_LETTER_RETENTION,
        compacted=False,  # the failures of one key are many, and each is evidence
        personal=topic.personal,
        writer=service,
    )


def _replay_topic(topic: Topic, service: str) -> KafkaTopic:
    return KafkaTopic(
        name=replays(topic.name, service),
        partitions=topic.partitions,
        retention=topic.retention,
        compacted=False,
        personal=topic.personal,
        writer=OPERATOR,
    )
