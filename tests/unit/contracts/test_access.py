"""Who may write and read which topic follows from the registry and from what services declare."""

import pytest

from contracts import access
from contracts.access import AccessError, Acl, Declaration, Operation, ResourceType
from contracts.events.agencies import AgencyChanged
from contracts.events.entries import SuspectReported
from contracts.events.identifications import IdentificationCompleted
from contracts.events.jurisdictions import AssignmentCreated
from contracts.model import Contract
from contracts.registry import DEAD_LETTER_RETENTION, SERVICES, TOPICS, PersonalData

INTAKE = Declaration(name="intake", reads=frozenset({AssignmentCreated}), publishes=frozenset({SuspectReported}))
ROUTING = Declaration(
    name="routing",
    reads=frozenset({SuspectReported, IdentificationCompleted}),
    publishes=frozenset({AssignmentCreated, AgencyChanged}),
)
BOTH = (INTAKE, ROUTING)


def rights(user: str, operation: Operation) -> set[str]:
    """Names of the topics on which a user holds the operation."""
    return {
        acl.name
        for acl in access.acls(BOTH)
        if acl.principal == f"User:{user}" and acl.operation is operation and acl.resource_type is ResourceType.TOPIC
    }


def test_every_writer_may_write_its_topics_before_its_service_exists() -> None:
    written = {acl.name: acl.principal for acl in access.acls([])}
    assert written == {topic.name: f"User:{topic.writer}" for topic in TOPICS}
    assert {topic.writer for topic in TOPICS} == set(SERVICES)


def test_a_service_writes_its_own_topics_and_its_own_dead_letters_only() -> None:
    assert rights("routing", Operation.WRITE) == {
        "interlink.jurisdictions",
        "interlink.agencies",
        "interlink.identification-requests",
        "interlink.suspects.dlq.interlink.routing",
        "interlink.identifications.dlq.interlink.routing",
    }


def test_a_service_reads_what_it_declares_and_its_replays() -> None:
    assert rights("intake", Operation.READ) == {
        "interlink.jurisdictions",
        "interlink.jurisdictions.replay.interlink.intake",
    }


def test_a_service_joins_its_own_group_only() -> None:
    groups = [acl for acl in access.acls(BOTH) if acl.resource_type is ResourceType.GROUP]
    assert [acl for acl in groups if acl.operation is Operation.READ] == [
        Acl(
            principal=f"User:{name}",
            resource_type=ResourceType.GROUP,
            name=f"interlink.{name}",
            operation=Operation.READ,
        )
        for name in ("intake", "routing")
    ]


def test_an_operator_reads_and_drops_dead_letters_and_writes_replays_but_reads_no_events() -> None:
    assert rights("operator", Operation.WRITE) == {
        topic.name for topic in access.topics(BOTH) if ".replay." in topic.name
    }
    dead = {topic.name for topic in access.topics(BOTH) if ".dlq." in topic.name}
    assert rights("operator", Operation.READ) == rights("operator", Operation.DELETE) == dead


def test_dead_letters_keep_partitions_and_sensitivity_of_their_source_for_ninety_days() -> None:
    by_name = {topic.name: topic for topic in access.topics(BOTH)}
    letters = by_name["interlink.suspects.dlq.interlink.routing"]
    assert letters.partitions == by_name["interlink.suspects"].partitions == 12
    assert letters.personal is PersonalData.ENCRYPTED
    assert letters.retention == DEAD_LETTER_RETENTION
    assert letters.config() == {"cleanup.policy": "delete", "retention.ms": "7776000000"}


def test_the_directory_topic_is_compacted() -> None:
    by_name = {topic.name: topic for topic in access.topics([])}
    assert by_name["interlink.agencies"].config()["cleanup.policy"] == "compact"
    assert len(by_name) == len(TOPICS) == 8


class NotAnEvent(Contract):
    """Declared nowhere."""


@pytest.mark.parametrize(
    "wrong",
    [
        Declaration(name="payroll"),
        Declaration(name="intake", publishes=frozenset({AssignmentCreated})),
        Declaration(name="intake", publishes=frozenset({NotAnEvent})),
        Declaration(name="intake", reads=frozenset({NotAnEvent})),
    ],
)
def test_a_claim_against_the_registry_is_refused(wrong: Declaration) -> None:
    with pytest.raises(AccessError, match=wrong.name):
        access.acls([wrong])
    with pytest.raises(AccessError, match=wrong.name):
        access.topics([wrong])
