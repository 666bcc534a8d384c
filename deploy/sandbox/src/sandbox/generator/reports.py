"""A clearinghouse's reports of one morning: one reported person each, every report written by another client.

What real clients differ in stands in one table of styles; the people are as synthetic as everybody here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from kit.time import zone
from sandbox.generator.chance import chance
from sandbox.generator.cybertipline import (
    Dress,
    IpCapture,
    Location,
    Reported,
    ReportText,
    cybertipline_report,
)
from sandbox.generator.entries import Draft, World, address_of, moments
from sandbox.generator.expectation import Expectation, ExpectedEntry, ItemVerdict
from sandbox.generator.networks import Addresses
from sandbox.generator.people import Home, Person, homes, person

_CANADIAN_SHARE = 0.75
_CHILD_AT = (("city", "Regina"), ("zipCode", "S4P 0A0"), ("nonUsaState", "Saskatchewan"), ("country", "CA"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as the clearinghouse posts it, and what must become of it."""

    reference: str
    """For the header `Interlink-Reference`: the document itself has no number (`domain.md` §1.7)."""
    body: bytes
    media_type: str
    expectation: Expectation


Told: TypeAlias = Callable[[datetime, str], str]


def _utc(at: datetime, _zone: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _offset(at: datetime, zone_name: str) -> str:
    return at.astimezone(zone(zone_name)).isoformat(timespec="seconds")


def _milliseconds(at: datetime, _zone: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.417Z"


def _nanoseconds(at: datetime, _zone: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.417000250+00:00"


def _padded(at: datetime, _zone: str) -> str:
    return f"\n      {at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z\n    "


def _naive(at: datetime, _zone: str) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How one client writes, and the verdicts that earns."""

    name: str = "plain"
    told: Told = _utc
    media_type: str = "application/xml"
    dress: Dress = field(default_factory=Dress)
    escalation: str | None = None
    newer: tuple[tuple[str, str], ...] = ()
    newer_of_person: tuple[tuple[str, str], ...] = ()
    more_captures: tuple[IpCapture, ...] = ()
    recipient: Reported | None = None
    grade: str = "A"
    codes: tuple[str, ...] = ()
    """Codes of the warnings it must get, on whatever level."""


STYLES = (
    Style(),
    Style(name="offset", told=_offset, media_type="text/xml; charset=utf-8"),
    Style(name="milliseconds", told=_milliseconds, dress=Dress(schema_hint=True)),
    Style(name="nanoseconds", told=_nanoseconds, media_type="text/xml"),
    Style(
        name="escalated",
        escalation="The reporting service asks for priority review: a child may be at continuing risk.",
    ),
    Style(name="naive_time", told=_naive, grade="C", codes=("time.zone_assumed",)),
    Style(name="padded_time", told=_padded),
    Style(
        name="newer_elements",
        newer=(("informational", "false"),),
        newer_of_person=(("ageAssertionDiscrepancy", "true"),),
        codes=("xml.unknown_element",),
    ),
    Style(
        name="blank_escalation",
        escalation="  ",
        dress=Dress(blank_annotations=True),
        codes=("xml.blank_escalation",),
    ),
    Style(
        name="plain_text",
        media_type="text/plain;charset=UTF-8",
        dress=Dress(declaration=False),
    ),
    Style(
        name="unset_time",
        more_captures=(IpCapture(ip="192.0.2.77", time="0001-01-01T00:00:00Z", event="Unknown"),),
        codes=("capture.not_routable", "capture.without_time"),
    ),
    Style(
        name="intended_recipient",
        recipient=Reported(account="child-5f21c0de", screen_name="sample_child_12", address=_CHILD_AT),
    ),
)
"""One client each; a morning takes them in this order."""


def reports(
    seed: int, count: int, *, now: datetime, addresses: Addresses, also_in_file: Sequence[Draft] = ()
) -> tuple[Report, ...]:
    """So many reports; the first ones name the accounts of `also_in_file`."""
    living = homes(seed + 1, count, canadian=_CANADIAN_SHARE)
    made: list[Report] = []
    for position, home in enumerate(living):
        world = World(random=chance(seed, "report", position), now=now, addresses=addresses)
        known = also_in_file[position] if position < len(also_in_file) else None
        reference = f"CT-{now:%Y%m%d%H%M%S}-{seed}-{position + 1:02}"
        made.append(_report(reference, STYLES[position % len(STYLES)], home, known, world))
    return tuple(made)


def _report(reference: str, style: Style, home: Home, known: Draft | None, world: World) -> Report:
    who = known.person if known is not None else person(home, world.random)
    reported = _reported(who, known, style, world)
    text = ReportText(
        reported=reported,
        occurred_at=style.told(moments(world, 1)[0], who.zone),
        escalation=style.escalation,
        recipients=() if style.recipient is None else (style.recipient,),
        newer=style.newer,
        dress=style.dress,
    )
    expected = [_expected(who, reported, style)]
    if style.recipient is not None:
        expected.append(_expected_recipient(style.recipient))
    return Report(
        reference=reference,
        body=cybertipline_report(text),
        media_type=style.media_type,
        expectation=Expectation(entries={entry.reference: entry for entry in expected}),
    )


def _reported(who: Person, known: Draft | None, style: Style, world: World) -> Reported:
    random = world.random
    account = {"service": "chat.example.com", "id": who.username} if known is None else known.body["account"]
    times = moments(world, random.choice((1, 2)))
    found = [
        IpCapture(
            ip=address_of(world, who),
            time=style.told(at, who.zone),
            event=random.choice(("Login", "Upload")),
            port=random.randrange(1024, 65_536),
            possible_proxy="false" if random.random() < 0.3 else None,
        )
        for at in times
    ]
    located = random.random() < 0.4
    region = None if who.province is None else who.province.removeprefix("CA-")
    return Reported(
        account=account["id"],
        service=account["service"],
        screen_name=who.username,
        email=who.email,
        captures=(*found, *style.more_captures),
        location=Location(city=who.municipality, region=region, country=who.country) if located else None,
        newer=style.newer_of_person,
    )


def _expected(who: Person, reported: Reported, style: Style) -> ExpectedEntry:
    at_home = who.country == "CA"
    located = reported.location is not None and at_home
    return ExpectedEntry(
        reference=reference_of(reported),
        kind="suspect",
        warned=tuple(ItemVerdict("", code) for code in style.codes),
        grade=style.grade,
        country=who.country,
        province=who.province if located else None,
        holder="agency" if located else "centre" if at_home else "bureau",
        because="sound" if not style.codes else style.name,
    )


def _expected_recipient(recipient: Reported) -> ExpectedEntry:
    return ExpectedEntry(
        reference=reference_of(recipient),
        kind="victim",
        country="CA",
        province="CA-SK",
        holder="agency",
    )


def reference_of(reported: Reported) -> str:
    """The reference that stands for a person of a report: its service and account (spec §5.1)."""
    return f"{reported.service}/{reported.account}"
