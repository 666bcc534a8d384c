"""Golden samples: every released one reads with today's models, and today's readers' promises hold for it."""

import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat

from contracts import envelope, registry, releases, schemas
from contracts.model import Contract

FOLDER = releases.HOME / releases.SAMPLES
EVENTS = sorted(path for path in FOLDER.glob("*.v*/*.json"))
PLAINTEXTS = sorted(FOLDER.glob("plaintext/*.v1/*.json"))
SUBJECTS = {subject.versioned: subject for subject in schemas.subjects()}


def name(path: Path) -> str:
    """`suspect.reported.v1/full.json`."""
    return path.relative_to(FOLDER).as_posix()


def versioned(path: Path) -> str:
    """The subject of a sample, by its folder."""
    return path.parent.relative_to(FOLDER).as_posix()


def data_of(path: Path) -> dict[str, Any]:
    """The data of an event's sample; a plaintext's sample is data alone."""
    document = orjson.loads(path.read_bytes())
    return document if path in PLAINTEXTS else document["data"]


def test_every_event_and_every_plaintext_has_a_sample_and_no_folder_is_unknown() -> None:
    assert {versioned(path) for path in (*EVENTS, *PLAINTEXTS)} == set(SUBJECTS)


@pytest.mark.parametrize("path", EVENTS, ids=name)
def test_the_envelope_of_a_sample_reads_and_agrees_with_the_registry(path: Path) -> None:
    document = orjson.loads(path.read_bytes())
    data = document.pop("data")
    read = envelope.of_attributes(document)
    event = registry.BY_TYPE[read.type]
    model = event.model.model_validate(data)
    assert versioned(path) == f"{event.name}.v{event.major}"
    assert read.dataschema == event.dataschema
    assert read.source == f"/interlink/{event.topic.writer}"
    assert read.subject == read.partitionkey == str(getattr(model, event.key))
    assert read.correlationid == str(getattr(model, "referral", read.id))
    assert document["datacontenttype"] == envelope.MEDIA_TYPE
    assert JSONFormat().read(None, path.read_bytes()).get_data() == data


@pytest.mark.parametrize("path", [*EVENTS, *PLAINTEXTS], ids=name)
def test_a_released_sample_parses_with_todays_reader_and_loses_nothing(path: Path) -> None:
    model: type[Contract] = SUBJECTS[versioned(path)].model
    data = data_of(path)
    read = model.model_validate_json(orjson.dumps(data))
    assert orjson.loads(read.model_dump_json(include=set(data))).keys() == data.keys()
    assert model.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize("path", [*EVENTS, *PLAINTEXTS], ids=name)
def test_a_sample_and_what_we_write_of_it_hold_under_every_released_open_schema(path: Path) -> None:
    subject = SUBJECTS[versioned(path)]
    data = data_of(path)
    written = orjson.loads(subject.model.model_validate(data).model_dump_json())
    for release in releases.releases(releases.HOME, subject):
        accepts = jsonschema_rs.validator_for(schemas.opened(release.schema), validate_formats=True)
        accepts.validate(data)
        accepts.validate(written)
    today = jsonschema_rs.validator_for(schemas.closed(subject), validate_formats=True)
    today.validate(data)
    today.validate(written)


@pytest.mark.parametrize("versioned_name", sorted(SUBJECTS))
def test_the_samples_of_a_subject_show_each_of_its_fields(versioned_name: str) -> None:
    shown = {field for path in (*EVENTS, *PLAINTEXTS) if versioned(path) == versioned_name for field in data_of(path)}
    assert shown == set(SUBJECTS[versioned_name].model.model_fields)


def test_a_sample_is_synthetic() -> None:
    text = b"".join(path.read_bytes() for path in (*EVENTS, *PLAINTEXTS)).decode()
    emails = re.findall(r"[\w.+-]+@([\w.-]+)", text)
    assert {domain.casefold() for domain in emails} <= {"example.com", "example.org", "example.net"}
    assert all("55501" in digits for digits in re.findall(r"\+1\d{10}", text))
    assert not re.search(r"\b(?!198\.51\.100\.|192\.0\.2\.|203\.0\.113\.)\d{1,3}(\.\d{1,3}){3}\b", text)
