"""The AsyncAPI document is valid by the official JSON Schema and tells what the registry tells."""

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from contracts import asyncapi, releases
from contracts.registry import EVENTS, TOPICS

SPECS = "@asyncapi/specs@6.11.1"
ROOT = releases.HOME.parents[1]
CACHE = ROOT / ".local/asyncapi"


@pytest.fixture(scope="module")
def official() -> dict[str, Any]:
    """The official schema of our AsyncAPI version, fetched once into the folder of local things."""
    file = CACHE / "package/schemas" / f"{asyncapi.VERSION}.json"
    if not file.is_file():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed, so the official AsyncAPI schema cannot be fetched")
        CACHE.mkdir(parents=True, exist_ok=True)
        try:
            packed = subprocess.run(
                [npm, "pack", SPECS, "--silent", "--pack-destination", str(CACHE)],
                cwd=CACHE, check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"npm does not fetch the official AsyncAPI schema: {error}")
        with tarfile.open(CACHE / packed.stdout.split()[-1]) as archive:
            archive.extractall(CACHE, filter="data")
    return orjson.loads(file.read_bytes())


def test_the_document_is_valid_by_the_official_schema(official: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(official)
    document = asyncapi.document()
    faults = [(list(error.instance_path), error.message[:300]) for error in validator.iter_errors(document)]
    assert faults == []
    # the schema is not one that accepts everything
    assert not validator.is_valid({**document, "operations": {"x": {"action": "shout"}}})


def test_every_reference_leads_somewhere() -> None:
    document = asyncapi.document()

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [ref for inner in part.values() for ref in references(inner)]
        return [ref for inner in part for ref in references(inner)] if isinstance(part, list) else []

    found = references(document)
    assert found
    for reference in found:
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


def test_every_topic_is_a_channel_with_its_owner_key_partitions_retention_and_sensitivity() -> None:
    channels = {channel["address"]: channel for channel in asyncapi.document()["channels"].values()}
    assert set(channels) == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        channel = channels[topic.name]
        kafka = channel["bindings"]["kafka"]
        assert (channel["x-owner"], channel["x-key"], channel["x-personal-data"]) == (
            topic.writer, topic.key, topic.personal.value,
        )  # fmt: skip
        assert channel["x-retention-days"] == 30
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["cleanup.policy"] == ["compact" if topic.compacted else "delete"]
        assert len(channel["messages"]) == sum(event.topic is topic for event in EVENTS)


def test_payloads_are_open_to_fields_that_come_later() -> None:
    components = asyncapi.document()["components"]["schemas"]
    assert {event.model.__name__ for event in EVENTS} <= set(components)
    assert not [name for name, schema in components.items() if "additionalProperties" in schema]


def test_the_headers_are_those_that_the_envelope_writes() -> None:
    sample = orjson.loads((Path(releases.HOME) / "samples/suspect.reported.v1/full.json").read_bytes())
    written = {f"ce_{name}" for name in sample if name not in {"data", "datacontenttype"}} | {"content-type"}
    headers = asyncapi.document()["components"]["messageTraits"]["envelope"]["headers"]
    assert set(headers["properties"]) == written
    assert set(headers["required"]) == written - {"ce_traceparent"}
