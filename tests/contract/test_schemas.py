"""Schemas are those of the models, stay within the decidable subset, and come in a closed and an open view."""

from typing import Any, Literal
from uuid import UUID

import jsonschema_rs
import pytest

from contracts import documentation, releases, schemas
from contracts.model import Contract
from contracts.registry import EVENTS, TOPICS
from contracts.schemas import Schema, Subject

SUBJECTS = schemas.subjects()


def subject(model: type[Contract]) -> Subject:
    return Subject(name="thing.done", major=1, model=model, urn="urn:interlink:schema:interlink.thing.done:1")


def test_the_committed_files_are_those_that_the_registry_generates() -> None:
    assert documentation.stale(releases.HOME) == []


def test_a_stale_missing_or_superfluous_file_is_noticed_and_mended(tmp_path: Any) -> None:
    (tmp_path / "README.md").write_text(f"before\n{documentation.BEGIN}\n{documentation.END}\nafter\n")
    documentation.generate(tmp_path)
    assert documentation.stale(tmp_path) == []
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "schemas/agency.changed.v1.json").unlink()
    (tmp_path / "schemas/agency.renamed.v1.json").write_text("{}")
    expected = ["asyncapi.json", "schemas/agency.changed.v1.json", "schemas/agency.renamed.v1.json"]
    assert documentation.stale(tmp_path) == expected
    assert documentation.generate(tmp_path) == expected
    assert documentation.stale(tmp_path) == []
    text = (tmp_path / "README.md").read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


@pytest.mark.parametrize("each", SUBJECTS, ids=lambda each: each.name)
def test_every_schema_is_valid_closed_and_within_the_subset(each: Subject) -> None:
    schema = schemas.closed(each)
    jsonschema_rs.meta.validate(schema)
    assert list(schemas.faults(schema)) == []
    assert schema["$id"] == each.urn


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)
def test_the_id_of_a_schema_is_the_dataschema_of_its_events(event: Any) -> None:
    found = next(each for each in SUBJECTS if each.model is event.model)
    assert found.urn == event.dataschema == f"urn:interlink:schema:interlink.{event.name}:{event.major}"


def test_the_tables_name_every_topic_and_every_type() -> None:
    tables = documentation.tables()
    assert all(f"`{topic.name}`" in tables for topic in TOPICS)
    assert all(f"`{event.name}` v{event.major}" in tables for event in EVENTS)


class Inner(Contract):
    """Inside."""

    depth: int


class Outer(Contract):
    """Outside."""

    id: UUID
    inner: Inner
    many: list[Inner] = []
    perhaps: Inner | None = None


KNOWN: dict[str, Any] = {"id": "019aa8c0-4f00-7000-8000-000000000100", "inner": {"depth": 1}}


@pytest.mark.parametrize(
    "document",
    [
        {**KNOWN, "more": 1},
        {**KNOWN, "inner": {"depth": 1, "more": 1}},
        {**KNOWN, "many": [{"depth": 1, "more": 1}]},
        {**KNOWN, "perhaps": {"depth": 1, "more": 1}},
    ],
)
def test_an_unknown_field_is_refused_from_writers_and_passed_to_readers_at_any_depth(document: Schema) -> None:
    closed = schemas.closed(subject(Outer))
    assert jsonschema_rs.is_valid(closed, KNOWN)
    assert not jsonschema_rs.is_valid(closed, document)
    assert jsonschema_rs.is_valid(schemas.opened(closed), document)
    Outer.model_validate(document)


class Recursive(Contract):
    """Contains itself."""

    again: "Recursive | None" = None


class Closed(Contract):
    """Has an enumeration that no new value can enter."""

    colour: Literal["red", "green"]


class Mapping(Contract):
    """Has fields nobody declared."""

    counts: dict[str, int]


class Anything(Contract):
    """Has a field of any type."""

    value: Any


@pytest.mark.parametrize(
    ("model", "fault"),
    [
        (Recursive, "#: a reference leads back to itself"),
        (Closed, "#/colour: keyword enum is outside the subset"),
        (Mapping, "#/counts: the object is open"),
        (Anything, "#/value: has no single type"),
    ],
)
def test_a_model_outside_the_subset_is_named_with_its_place(model: type[Contract], fault: str) -> None:
    assert fault in list(schemas.faults(schemas.closed(subject(model))))


@pytest.mark.parametrize(
    "word", ["patternProperties", "not", "if", "dependentSchemas", "oneOf", "allOf", "enum", "const", "pattern"]
)
def test_a_keyword_outside_the_subset_is_a_fault(word: str) -> None:
    schema = {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string", word: 1}}}
    assert list(schemas.faults(schema)) == [f"#/a: keyword {word} is outside the subset"]


def test_a_format_nobody_checks_is_a_fault() -> None:
    assert list(schemas.faults({"type": "string", "format": "hostname"})) == [
        "#: format hostname is not one of date, date-time, uuid"
    ]
