"""The registry agrees with itself and with spec §4."""

import types
import typing
from typing import Any

import pytest

from contracts import registry
from contracts.model import Contract, Encrypted
from contracts.registry import EVENTS, MAX_EVENT_BYTES, SERVICES, TOPICS, EventType, PersonalData, Topic

TABLE = {
    "interlink.referrals": ("intake", 6, "none"),
    "interlink.suspects": ("intake", 12, "encrypted"),
    "interlink.victims": ("intake", 12, "encrypted"),
    "interlink.identification-requests": ("routing", 12, "encrypted"),
    "interlink.identifications": ("isp-liaison", 12, "none"),
    "interlink.jurisdictions": ("routing", 12, "none"),
    "interlink.agencies": ("routing", 6, "none"),
    "interlink.deliveries": ("notifications", 6, "none"),
}

# Words of fields that may hold personal data; they belong into a plaintext or into isp-liaison's schema.
PERSONAL = {"name", "street", "email", "phone", "ip", "username", "captures", "identifiers", "civic_addresses"}


def models_in(annotation: Any) -> set[type[Contract]]:
    """The contract models inside a type annotation, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, Contract):
        return {annotation}.union(*(models_in(field.annotation) for field in annotation.model_fields.values()))
    if typing.get_origin(annotation) in {list, typing.Union, types.UnionType, typing.Annotated}:
        return set[type[Contract]]().union(*(models_in(part) for part in typing.get_args(annotation)))
    return set()


def test_topics_are_those_of_the_specification() -> None:
    assert {topic.name: (topic.writer, topic.partitions, topic.personal.value) for topic in TOPICS} == TABLE
    assert [topic.name for topic in TOPICS if topic.compacted] == ["interlink.agencies"]
    assert {topic.writer for topic in TOPICS} == set(SERVICES)


def test_types_and_models_are_declared_once() -> None:
    assert len({event.type for event in EVENTS}) == len({event.model for event in EVENTS}) == len(EVENTS)
    assert all(registry.of(event.model) is registry.BY_TYPE[event.type] is event for event in EVENTS)
    with pytest.raises(KeyError):
        registry.of(Encrypted)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_an_event_has_a_meaning_and_a_required_key(event: EventType) -> None:
    assert event.model.__doc__
    assert event.model.model_fields[event.key].is_required()
    assert event.topic in TOPICS
    assert event.type == f"interlink.{event.name}.v{event.major}"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_personal_data_is_encrypted_and_its_plaintext_and_topic_say_so(
    event: EventType,
) -> None:
    encrypted = Encrypted in models_in(event.model)
    assert encrypted == (event.plaintext is not None)
    assert not encrypted or event.topic.personal is PersonalData.ENCRYPTED
    fields = {name for model in models_in(event.model) for name in model.model_fields}
    assert not fields & PERSONAL


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_a_topic_called_encrypted_has_an_event_with_an_encrypted_field(topic: Topic) -> None:
    plaintexts = [event.plaintext for event in EVENTS if event.topic is topic and event.plaintext is not None]
    assert bool(plaintexts) == (topic.personal is PersonalData.ENCRYPTED)


@pytest.mark.parametrize(
    "event", [event for event in EVENTS if "entries" in event.model.__module__], ids=lambda event: event.name
)
def test_an_event_of_a_suspect_or_victim_says_which_part_of_which_version_it_is(event: EventType) -> None:
    assert {"referral", "version", "part", "parts"} <= event.model.model_fields.keys()


def test_an_event_has_at_most_a_quarter_mebibyte() -> None:
    assert MAX_EVENT_BYTES == 262144
