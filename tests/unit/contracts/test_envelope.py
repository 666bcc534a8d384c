"""Our envelope is CloudEvents: the official package reads what we write, and we read what it writes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import orjson
import pytest
from cloudevents.core.bindings import kafka
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope, ids
from contracts.envelope import Envelope, EnvelopeError

GREATEST = 2**63 - 1

EXAMPLE = Envelope(
    id=UUID("019aa8c0-4f00-7000-8000-000000000300"),
    type="interlink.suspect.reported.v1",
    source="/interlink/intake",
    subject="019aa8c0-4f00-7000-8000-000000000101",
    partitionkey="019aa8c0-4f00-7000-8000-000000000101",
    time=datetime(2026, 11, 20, 14, 2, 31, 417000, tzinfo=UTC),
    dataschema="urn:interlink:schema:interlink.suspect.reported:1",
    correlationid="019aa8c0-4f00-7000-8000-000000000100",
    sequence=7,
    tenant="partner:bureau-nl",
    testmode=True,
    handling="H1+H2;TLP:AMBER",
    priority="P1",
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
)

# CloudEvents strings: any Unicode but control characters, surrogates and non-characters.
texts = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=40)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
envelopes = st.builds(
    Envelope,
    id=st.uuids(),
    type=texts,
    source=texts,
    subject=texts,
    partitionkey=texts,
    time=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=zones),  # noqa: DTZ001 - hypothesis adds the zone
    dataschema=texts,
    correlationid=texts,
    sequence=st.integers(1, GREATEST),
    tenant=texts,
    testmode=st.booleans(),
    handling=texts,
    priority=texts,
    traceparent=st.none() | texts,
)


@given(envelopes)
def test_headers_read_back_as_the_same_envelope(sent: Envelope) -> None:
    assert envelope.decode(envelope.encode(sent)) == sent


@given(envelopes)
def test_the_official_package_reads_our_headers(sent: Envelope) -> None:
    message = kafka.KafkaMessage(headers=dict(envelope.encode(sent)), key=sent.partitionkey, value=b'{"a": 1}')
    read = kafka.from_kafka(message, JSONFormat())
    texts = envelope.attributes(sent)
    moment = texts.pop("time")
    assert read.get_data() == {"a": 1}
    assert read.get_time() == sent.time
    assert {name: value for name, value in read.get_attributes().items() if name != "time"} == {
        **texts,
        "datacontenttype": "application/json",
    }
    assert moment.endswith("Z")


@given(envelopes)
def test_we_read_the_headers_of_the_official_package(sent: Envelope) -> None:
    attributes = {**envelope.attributes(sent), "time": sent.time, "datacontenttype": "application/json"}
    message = kafka.to_binary(CloudEvent(attributes, {"a": 1}), JSONFormat())
    assert envelope.decode(message.headers.items()) == sent
    assert message.key == sent.partitionkey


@given(envelopes)
def test_the_official_package_reads_our_structured_form(sent: Envelope) -> None:
    read = JSONFormat().read(None, envelope.structured(sent, b'{"a":[1,null]}'))
    assert read.get_data() == {"a": [1, None]}
    assert read.get_time() == sent.time
    assert read.get_id() == str(sent.id)
    assert read.get_extension("sequence") == f"{sent.sequence:019d}"


@given(envelopes)
def test_we_read_the_structured_form_of_the_official_package(sent: Envelope) -> None:
    attributes = {**envelope.attributes(sent), "time": sent.time, "datacontenttype": "application/json"}
    outer = orjson.loads(JSONFormat().write(CloudEvent(attributes, {"a": 1})))
    assert outer.pop("data") == {"a": 1}
    assert envelope.of_attributes(outer) == sent


@given(st.integers(1, GREATEST), st.integers(1, GREATEST))
def test_sequences_sort_as_text_as_they_do_as_numbers(one: int, other: int) -> None:
    first, second = (envelope.attributes(replace(EXAMPLE, sequence=number))["sequence"] for number in (one, other))
    assert len(first) == len(second) == 19
    assert (first < second) == (one < other)


def test_the_data_of_the_structured_form_is_carried_byte_for_byte() -> None:
    data = b'{"b": 2,   "a": 1.0}'
    assert data in envelope.structured(EXAMPLE, data)


def test_the_type_is_read_without_the_rest() -> None:
    assert envelope.type_of([("content-type", b"x"), ("ce_type", b"interlink.a.b.v1")]) == "interlink.a.b.v1"
    assert envelope.type_of([("ce_type", b"\xff")]) == "\ufffd"
    assert envelope.type_of([("ce_type", None), ("ce_id", b"1")]) is None
    assert envelope.type_of([]) is None


def test_unknown_attributes_and_other_headers_are_ignored() -> None:
    more = [("ce_dataref", b"somewhere"), ("x-other", b"\xff"), *envelope.encode(EXAMPLE)]
    assert envelope.decode(more) == EXAMPLE


def test_an_envelope_without_trace_has_no_such_header() -> None:
    headers = envelope.encode(replace(EXAMPLE, traceparent=None))
    assert "ce_traceparent" not in dict(headers)
    assert envelope.decode(headers).traceparent is None


REQUIRED = [name for name in envelope.attributes(EXAMPLE) if name != "traceparent"]


@pytest.mark.parametrize("name", REQUIRED)
@pytest.mark.parametrize("value", ["absent", "empty", "null"])
def test_a_missing_attribute_is_named(name: str, value: str) -> None:
    put = {"absent": [], "empty": [(f"ce_{name}", b"")], "null": [(f"ce_{name}", None)]}[value]
    headers = [*(header for header in envelope.encode(EXAMPLE) if header[0] != f"ce_{name}"), *put]
    with pytest.raises(EnvelopeError, match=f"attribute {name} is missing"):
        envelope.decode(headers)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("specversion", b"0.3", "specversion is missing or not 1.0"),
        ("id", b"17", "id is not a UUID"),
        ("time", b"yesterday", "time is not a time"),
        ("time", b"2026-11-20T14:02:31", "time has no zone"),
        ("sequence", b"7", "sequence is not a count"),
        ("sequence", b"0000000000000000000", "sequence is not a count"),
        ("sequence", b"00000000000000000007", "sequence is not a count"),
        ("sequence", b"-000000000000000007", "sequence is not a count"),
        (
            "sequence",
            ("\u0660" * 18 + "\u0667").encode(),
            "sequence is not a count",
        ),
        ("testmode", b"True", "testmode is neither true nor false"),
        ("tenant", b"\xff", "tenant is not UTF-8"),
    ],
)
def test_an_unreadable_attribute_is_named_but_not_quoted(name: str, value: bytes, message: str) -> None:
    headers = [(key, value if key == f"ce_{name}" else old) for key, old in envelope.encode(EXAMPLE)]
    with pytest.raises(EnvelopeError, match=message) as refusal:
        envelope.decode(headers)
    if name != "specversion":
        assert value.decode(errors="replace") not in str(refusal.value).removeprefix(f"attribute {name}")[:20]


def test_an_attribute_given_twice_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="type is given twice"):
        envelope.decode([*envelope.encode(EXAMPLE), ("ce_type", b"interlink.other.v1")])


def test_headers_of_others_may_come_twice_and_one_without_a_value_counts_as_missing() -> None:
    more = [("x-other", b"1"), ("x-other", b"2"), ("ce_type", None)]
    assert envelope.decode([*envelope.encode(EXAMPLE), *more]) == EXAMPLE


def test_fresh_ids_are_version_seven_and_rise() -> None:
    made = [ids.new() for _ in range(1000)]
    assert made == sorted(set(made))
    assert {each.version for each in made} == {7}
