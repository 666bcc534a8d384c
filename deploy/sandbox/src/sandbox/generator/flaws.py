"""What is wrong with real files, put into sound entries on purpose, each with the verdict it must get.

Every flaw stands in an entry of its own. Codes are intake's (`intake.domain.verdicts` and its native format).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sandbox.generator import native
from sandbox.generator.canada import AMBIGUOUS_PLACES
from sandbox.generator.entries import OLDEST, Draft, World, address_of, moments
from sandbox.generator.expectation import ExpectedEntry, ItemVerdict
from sandbox.generator.native import Json

Apply = Callable[[Draft, World], Draft]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One way to be wrong."""

    name: str
    apply: Apply


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _plus_capture(draft: Draft, capture: Json) -> tuple[Draft, str]:
    """The entry with one more capture, and that capture's pointer."""
    found = [*draft.body["captures"], capture]
    return replace(draft, body=draft.body | {"captures": found}), f"/captures/{len(found) - 1}"


def _rejected(draft: Draft, pointer: str, code: str) -> Draft:
    verdict = ItemVerdict(pointer, code)
    return replace(draft, expected=replace(draft.expected, rejected=(*draft.expected.rejected, verdict)))


def _warned(draft: Draft, pointer: str, code: str) -> Draft:
    verdict = ItemVerdict(pointer, code)
    return replace(draft, expected=replace(draft.expected, warned=(*draft.expected.warned, verdict)))


def _only(draft: Draft, **parts: object) -> Draft:
    """The entry with nothing but its account and these parts: nothing else says where its person is."""
    body = {name: draft.body[name] for name in ("reference", "role", "account")} | parts
    expected = ExpectedEntry(reference=draft.expected.reference, kind=draft.expected.kind, holder="centre")
    return replace(draft, body=body, expected=expected)


def _ambiguous_day(draft: Draft, world: World) -> Draft:
    days = [world.now - timedelta(days=back) for back in range(1, OLDEST.days)]
    day = world.random.choice([day for day in days if day.day <= 12 and day.day != day.month])
    time = f"{day.day:02}/{day.month:02}/{day.year} 21:14:05"
    changed, pointer = _plus_capture(draft, native.capture(address_of(world, draft.person), time=time))
    return _rejected(changed, pointer, "time.ambiguous_day_month")


def _no_zone(draft: Draft, world: World) -> Draft:
    at = moments(world, 1)[0]
    capture = native.capture(address_of(world, draft.person), time=f"{at:%Y-%m-%dT%H:%M:%S}", zone=None)
    changed = replace(draft, body=draft.body | {"captures": [capture]}, expected=replace(draft.expected, grade="C"))
    return _warned(changed, "/captures/0", "time.zone_assumed")


def _date_only(draft: Draft, world: World) -> Draft:
    at = moments(world, 1)[0]
    capture = native.capture(address_of(world, draft.person), time=f"{at:%Y-%m-%d}")
    return replace(draft, body=draft.body | {"captures": [capture]}, expected=replace(draft.expected, grade="D"))


def _port_zero(draft: Draft, world: World) -> Draft:
    at = moments(world, 1)[0]
    capture = native.capture(address_of(world, draft.person), time=_utc(at), port=0)
    changed, pointer = _plus_capture(draft, capture)
    return _warned(changed, pointer, "capture.port_out_of_range")


def _unreadable_ip(draft: Draft, world: World) -> Draft:
    # inet_aton would read the leading zero as octal, another address (`data-sources.md` §2.6).
    changed, pointer = _plus_capture(draft, native.capture("010.24.7.19", time=_utc(moments(world, 1)[0])))
    return _rejected(changed, pointer, "capture.not_an_address")


def _private_ip(draft: Draft, world: World) -> Draft:
    capture = native.capture("192.168.1.23", time=_utc(moments(world, 1)[0]))
    changed = _with_grade(_only(draft, captures=[capture]), "X")
    return _warned(changed, "/captures/0", "capture.not_routable")


def _carrier_nat_ip(draft: Draft, world: World) -> Draft:
    capture = native.capture("100.72.14.9", time=_utc(moments(world, 1)[0]))
    changed = _with_grade(_only(draft, captures=[capture]), "A")
    return _warned(changed, "/captures/0", "capture.carrier_nat")


def _with_grade(draft: Draft, grade: str) -> Draft:
    return replace(draft, expected=replace(draft.expected, grade=grade))


def _mapped_ip(draft: Draft, _world: World) -> Draft:
    first, *others = draft.body["captures"]
    mapped = first | {"ip": f"::ffff:{first['ip']}"}
    return replace(draft, body=draft.body | {"captures": [mapped, *others]})


def _duplicate(draft: Draft, _world: World) -> Draft:
    return _plus_capture(draft, dict(draft.body["captures"][0]))[0]


def _unknown_field(draft: Draft, _world: World) -> Draft:
    expected = ExpectedEntry(
        reference=draft.expected.reference,
        kind=draft.expected.kind,
        accepted=False,
        refused_for="entry.unknown_field",
    )
    return replace(draft, body=draft.body | {"internal_remark": "see annex"}, expected=expected)


def _nothing_usable(draft: Draft, world: World) -> Draft:
    capture = native.capture("unknown", time=_utc(moments(world, 1)[0]))
    changed = _only(draft, account={"service": draft.body["account"]["service"]}, captures=[capture])
    return _with_grade(_rejected(changed, "/captures/0", "capture.not_an_address"), "X")


def _french(draft: Draft, _world: World) -> Draft:
    handling = {
        "codes": ["H2"],
        "tlp": "AMBER+STRICT",
        "note": "Ne pas communiquer à d'autres services sans l'accord de l'expéditeur.",
    }
    stated = {"municipality": "Trois-Rivières", "province": "Québec", "country": "CA"}
    first = draft.body["captures"][:1]
    body = draft.body | {"name": "Anne-Élise Côté-Lévesque", "handling": handling, "stated_location": stated}
    changed = _only(replace(draft, body=body), captures=first)
    changed = replace(changed, body=changed.body | {key: body[key] for key in ("name", "handling", "stated_location")})
    expected = replace(changed.expected, country="CA", province="CA-QC", holder="agency")
    return replace(changed, expected=expected)


def _ambiguous_place(draft: Draft, world: World) -> Draft:
    stated = {"municipality": world.random.choice(AMBIGUOUS_PLACES), "country": "CA"}
    changed = _only(draft, stated_location=stated)
    return replace(changed, expected=replace(changed.expected, country="CA"))


FLAWS = (
    Flaw("ambiguous_day_and_month", _ambiguous_day),
    Flaw("time_without_zone", _no_zone),
    Flaw("port_zero", _port_zero),
    Flaw("unreadable_ip_address", _unreadable_ip),
    Flaw("private_ip_address", _private_ip),
    Flaw("carrier_nat_ip_address", _carrier_nat_ip),
    Flaw("ipv4_mapped_ip_address", _mapped_ip),
    Flaw("duplicate_capture", _duplicate),
    Flaw("unknown_field", _unknown_field),
    Flaw("nothing_usable", _nothing_usable),
    Flaw("french_text", _french),
    Flaw("ambiguous_place_name", _ambiguous_place),
    Flaw("date_only", _date_only),
)
"""Every flaw, the ones a file must show first."""


def put(flaw: Flaw, draft: Draft, world: World) -> Draft:
    """The entry with the flaw in it."""
    flawed = flaw.apply(draft, world)
    return replace(flawed, expected=replace(flawed.expected, because=flaw.name))
