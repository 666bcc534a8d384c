"""What is sealed of an entry is the registered plaintext, byte for byte as its model would write it."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.personal import EntryItems
from intake.commands.plaintexts import MOST_BYTES, MOST_ITEMS, parts
from intake.domain.grading import Grade
from intake.domain.referral import (
    Account,
    Capture,
    CivicAddress,
    Entry,
    Identifier,
    Naming,
    Role,
    StatedLocation,
)
from kit.ip_addresses import IpClass
from kit.time import Precision

PLACES: Any = {name: {"__all__": {"item"}} for name in ("captures", "identifiers", "civic_addresses")}
NOT_COMPARED: Any = {"reference": True, **PLACES}

TEXT = st.text(max_size=12)
MAYBE = st.none() | TEXT
MOMENT = st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CAPTURES = st.builds(
    Capture,
    item=TEXT,
    raw_ip=TEXT,
    ip=MAYBE,
    ip_class=st.sampled_from(IpClass),
    port=st.none() | st.integers(1, 65535),
    raw_time=MAYBE,
    at=MOMENT,
    precision=st.sampled_from(Precision),
    zone=MAYBE,
    zone_assumed=st.booleans(),
    tzdata=TEXT,
    grade=st.sampled_from(Grade),
    event=MAYBE,
    possible_proxy=st.booleans(),
)
IDENTIFIERS = st.builds(
    Identifier,
    item=TEXT,
    kind=TEXT,
    value=TEXT,
    normalised=MAYBE,
    service=MAYBE,
    verified=st.booleans(),
    verified_at=MOMENT,
)
ADDRESSES = st.builds(
    CivicAddress,
    item=TEXT,
    street=MAYBE,
    municipality=MAYBE,
    province=MAYBE,
    country=MAYBE,
    postal_code=MAYBE,
    kind=TEXT,
    verified=st.booleans(),
    as_of=MAYBE,
)
ENTRIES = st.builds(
    Entry,
    role=st.sampled_from(Role),
    reference=TEXT,
    naming=st.sampled_from(Naming),
    pointer=TEXT,
    name=MAYBE,
    account=st.none() | st.builds(Account, service=MAYBE, id=MAYBE),
    citizenship=MAYBE,
    captures=st.lists(CAPTURES, max_size=2).map(tuple),
    identifiers=st.lists(IDENTIFIERS, max_size=2).map(tuple),
    civic_addresses=st.lists(ADDRESSES, max_size=2).map(tuple),
    stated_location=st.none()
    | st.builds(StatedLocation, municipality=MAYBE, province=MAYBE, country=MAYBE, verified=st.booleans()),
)


def identifiers(count: int, value: str) -> tuple[Identifier, ...]:
    return tuple(
        Identifier(item=f"/identifiers/{number}", kind="username", value=value, normalised=None)
        for number in range(count)
    )


@settings(suppress_health_check=[HealthCheck.too_slow])  # entries are large, and machines are busy
@given(ENTRIES)
def test_the_model_reads_a_part_and_would_write_the_same_bytes(entry: Entry) -> None:
    [part] = parts(entry)
    read = EntryItems.model_validate_json(part.text)
    assert read.model_dump_json(exclude_none=True).encode() == part.text
    assert read.model_dump_json(exclude=NOT_COMPARED).encode() == part.told


def test_many_items_are_spread_over_parts_in_their_order() -> None:
    told = identifiers(MOST_ITEMS * 2 + 1, "x")
    entry = Entry(role=Role.SUSPECT, reference="S-1", naming=Naming.GIVEN, pointer="/suspects/0", identifiers=told)
    read = [EntryItems.model_validate_json(part.text) for part in parts(entry)]
    assert [len(part.identifiers) for part in read] == [MOST_ITEMS, MOST_ITEMS, 1]
    assert [item.item for part in read for item in part.identifiers] == [item.item for item in told]
    assert {part.reference for part in read} == {"S-1"}


def test_no_part_is_larger_than_an_event_takes() -> None:
    told = identifiers(MOST_ITEMS - 1, "\x01" * 4_096)
    entry = Entry(role=Role.SUSPECT, reference="S-1", naming=Naming.GIVEN, pointer="/suspects/0", identifiers=told)
    made = parts(entry)
    assert all(len(part.text) <= MOST_BYTES for part in made)
    assert sum(len(EntryItems.model_validate_json(part.text).identifiers) for part in made) == len(told)
