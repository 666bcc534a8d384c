"""Topics, users and access rights on the broker, as the registry and the services declare them.

Safe to repeat: what is missing is created, rights that nobody declares any more are taken back. A topic's
partitions are never changed, because that would break the order per key.
"""
# confluent_kafka.admin is the documented place of these names, though it does not list them in __all__.
# pyright: reportPrivateImportUsage=false

import time
from collections.abc import Container, Iterable, Mapping
from concurrent.futures import Future
from importlib import import_module
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from contracts import access
from contracts.access import Declaration
from contracts.registry import AGENCIES, DELIVERIES, IDENTIFICATIONS, JURISDICTIONS, REFERRALS, SERVICES
from interlink.stack.layout import StackError
from interlink.stack.secrets import SUBSCRIBER, schema_of
from kit.service import Service

TIMEOUT = 30
ITERATIONS = 4096

OPEN_TOPICS = (REFERRALS, JURISDICTIONS, IDENTIFICATIONS, AGENCIES, DELIVERIES)
"""What an internal subscriber may read: every topic without personal data."""
GROUPS = {SUBSCRIBER: f"{SUBSCRIBER}.", access.OPERATOR: f"{access.OPERATOR}."}
"""Prefix of the consumer groups that these users choose for themselves."""


def declarations() -> tuple[Declaration, ...]:
    """What each service says of itself in its `service.py`."""
    return tuple(_declaration(name) for name in SERVICES)


def _declaration(name: str) -> Declaration:
    service: Service = import_module(f"{schema_of(name)}.service").service
    return Declaration(
        name=service.name,
        reads=frozenset(handler.event for handler in service.handlers),
        publishes=frozenset(service.publishes),
    )


def apply(admin: AdminClient, declared: Iterable[Declaration], users: Mapping[str, str], replication: int = 1) -> None:
    """Bring the broker to what is declared. `users` maps each Kafka user to its password.

    Raises `StackError` in words when the broker refuses.
    """
    declared = tuple(declared)
    try:
        create_users(admin, users)
        create_topics(admin, planned(declared), replication)
        set_rights(admin, bindings(declared), users)
    except KafkaException as error:
        reason = error.args[0]
        raise StackError(f"Kafka refused to create topics, users or rights: {reason}") from error


def planned(declared: Iterable[Declaration]) -> tuple[access.KafkaTopic, ...]:
    """Every topic of the suite, dead letters and replays included."""
    return access.topics(declared)


def create_topics(admin: AdminClient, wanted: Iterable[access.KafkaTopic], replication: int = 1) -> list[str]:
    """Create the topics that are missing; their names are returned.

    Raises `StackError` for a topic that exists with another number of partitions.
    """
    existing = admin.list_topics(timeout=TIMEOUT).topics
    missing: list[NewTopic] = []
    for topic in wanted:
        there = existing.get(topic.name)
        if there is None:
            config = topic.config() | {"min.insync.replicas": "2" if replication > 1 else "1"}
            missing.append(NewTopic(topic.name, topic.partitions, replication, config=config))
        elif len(there.partitions) != topic.partitions:
            raise StackError(
                f"Topic {topic.name} has {len(there.partitions)} partitions, not {topic.partitions}. "
                "Changing them would break the order per key: migrate to a new topic."
            )
    if missing:
        _settle(admin.create_topics(missing, operation_timeout=TIMEOUT), KafkaError.TOPIC_ALREADY_EXISTS)
    return [topic.topic for topic in missing]


def create_users(admin: AdminClient, users: Mapping[str, str]) -> None:
    """Give each user its password (SCRAM-SHA-512)."""
    info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    upserts: list[Any] = [
        UserScramCredentialUpsertion(name, info, password.encode()) for name, password in users.items()
    ]
    _settle(admin.alter_user_scram_credentials(upserts))


def bindings(declared: Iterable[Declaration]) -> list[AclBinding]:
    """Every right on the broker, the internal subscriber's included."""
    literal = ResourcePatternType.LITERAL
    rights = [
        _allow(ResourceType[acl.resource_type.name], acl.name, literal, acl.principal, acl.operation.name)
        for acl in access.acls(declared)
    ]
    subscriber = access.principal(SUBSCRIBER)
    rights += [_allow(ResourceType.TOPIC, topic.name, literal, subscriber, "READ") for topic in OPEN_TOPICS]
    rights += [
        _allow(ResourceType.GROUP, prefix, ResourcePatternType.PREFIXED, access.principal(user), "READ")
        for user, prefix in GROUPS.items()
    ]
    return rights


def set_rights(admin: AdminClient, wanted: Iterable[AclBinding], users: Iterable[str]) -> None:
    """Create the rights that are missing, take back what `users` hold beyond them, and wait until that holds.

    Raises `StackError` when the broker has not taken it in within 30 s.
    """
    principals = {access.principal(user) for user in users}
    existing, wanted = rights_of(admin, principals), set(wanted)
    if wanted - existing:
        _settle(admin.create_acls(sorted(wanted - existing)))
    if existing - wanted:
        _settle(admin.delete_acls([_exactly(acl) for acl in sorted(existing - wanted)]))
    # The controller answers at once; the broker takes it in after the topics that were created before, which
    # took it two seconds. Until then it refuses, and a service that was refused says so and backs off.
    deadline = time.monotonic() + TIMEOUT
    while rights_of(admin, principals) != wanted:
        if time.monotonic() > deadline:
            raise StackError(f"Kafka has not taken in its access rights within {TIMEOUT} s.")
        time.sleep(0.05)


def rights_of(admin: AdminClient, principals: Container[str]) -> set[AclBinding]:
    """The rights that the broker knows of these principals (`User:intake`)."""
    anything: Any = None  # as the client's documentation asks for; its stub does not know
    everything = AclBindingFilter(
        ResourceType.ANY,
        anything,
        ResourcePatternType.ANY,
        anything,
        anything,
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    return {acl for acl in admin.describe_acls(everything).result(TIMEOUT) if acl.principal in principals}


def _allow(kind: ResourceType, name: str, pattern: ResourcePatternType, principal: str, operation: str) -> AclBinding:
    return AclBinding(kind, name, pattern, principal, "*", AclOperation[operation], AclPermissionType.ALLOW)


def _exactly(acl: AclBinding) -> AclBindingFilter:
    fields: Any = (
        acl.restype,
        acl.name,
        acl.resource_pattern_type,
        acl.principal,
        acl.host,
        acl.operation,
        acl.permission_type,
    )
    return AclBindingFilter(*fields)


def _settle(futures: Mapping[Any, Future[Any]], *tolerated: int) -> None:
    for future in futures.values():
        try:
            future.result(TIMEOUT)
        except KafkaException as error:
            if error.args[0].code() not in tolerated:
                raise
