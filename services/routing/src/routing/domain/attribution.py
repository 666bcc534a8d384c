"""The network of a capture is the one that held its IP address at its time, with how sure that is and why.

Which dated snapshots are asked and what their answers weigh together, but nothing of how they are read: the
lookups come in as plain values. Confidences combine by their minimum.

Not promised: who the subscriber is, which provider must be asked (liaison decides), or where in the country the
person is: a province is only ever a hint, a municipality never follows from an IP address.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

from kit.values import value

TRUSTED_AGE: Final = timedelta(days=60)
"""How much older than the capture a snapshot may be and still answer alone (spec §5.2)."""

PUBLIC: Final = "public"
"""The only IP class that is looked up; the other words are those of the contracts' `IpClass`."""


class Confidence(StrEnum):
    """How sure a finding is; the words are those of the contracts."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"


_WEAKEST_FIRST: Final = (Confidence.NONE, Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH)


def weakest(*confidences: Confidence) -> Confidence:
    """The minimum; a chain of findings is as sure as its weakest link. At least one is given."""
    return min(confidences, key=_WEAKEST_FIRST.index)


@value
class CaptureAt:
    """A capture as far as its attribution needs it; `ip` is canonical text, `at` is aware."""

    item: str
    ip: str | None
    ip_class: str
    at: datetime | None


@value
class Network:
    """What one snapshot says of an IP address. Countries: ISO 3166-1 alpha-2, None where a source is silent."""

    asn: int | None
    organisation: str | None
    country: str | None
    """The primary source's answer."""
    second_country: str | None
    home_country: str | None = None
    """Where most of the network's IP addresses are, in the same snapshot."""


@value
class Attribution:
    """Network, organisation and country of one capture, from which snapshot, how sure, and why.

    `country` is the country decided on, `second_country` what the second source says, `province_hint` an
    ISO 3166-2 code. Each of `reasons` is a code, or a code, a space and what it refers to. An address that is
    not public keeps its class and has no network.
    """

    item: str
    ip_class: str
    asn: int | None
    organisation: str | None
    country: str | None
    second_country: str | None
    confidence: Confidence
    needs_person: bool
    snapshot: str | None
    province_hint: str | None
    reasons: tuple[str, ...]


@value
class SnapshotDate:
    """A snapshot as far as the choice between snapshots needs it."""

    snapshot: str
    taken_on: date


class Basis(StrEnum):
    """Why one snapshot answers alone."""

    AS_OF = "snapshot.as_of"
    NO_LATER = "snapshot.no_later"
    OLDER_THAN_EVERY = "snapshot.older_than_every"
    NO_TIME = "snapshot.capture_without_time"


@value
class CheckedBy:
    """The capture lies well after the snapshot that answers: the next one confirms or contradicts it."""

    snapshot: str


@value
class Choice:
    """The snapshots asked about a capture of the UTC date `on`."""

    answers: str
    basis: Basis | CheckedBy
    on: date | None

    @property
    def asked(self) -> tuple[str, ...]:
        """Every snapshot whose answer the rule needs."""
        if isinstance(self.basis, CheckedBy):
            return self.answers, self.basis.snapshot
        return (self.answers,)


@value
class SingleProvinceNetwork:
    """A network whose subscribers are all in one province. Without dates: for as long as we know it."""

    asn: int
    province: str
    source: str
    since: date | None = None
    until: date | None = None
    """First day on which it no longer holds."""

    def holds_on(self, day: date | None) -> bool:
        """Whether the hint was true then; a capture without a time is taken as of today."""
        if day is None:
            return self.until is None
        return (self.since is None or self.since <= day) and (self.until is None or day < self.until)


# Checked against the organisation names of the snapshots of 2025-04-02 and 2026-06-17 (data-sources.md §2.4,
# domain.md §5.4). Bell Aliant (855) spans four provinces, Northwestel three territories: both are absent.
SINGLE_PROVINCE_NETWORKS: Final = (
    SingleProvinceNetwork(asn=271, province="CA-BC", source="BCNET, research network of British Columbia"),
    SingleProvinceNetwork(asn=376, province="CA-QC", source="RISQ, research network of Quebec"),
    SingleProvinceNetwork(asn=684, province="CA-MB", source="Bell MTS, Manitoba"),
    SingleProvinceNetwork(asn=803, province="CA-SK", source="SaskTel, Crown corporation of Saskatchewan"),
    SingleProvinceNetwork(asn=3359, province="CA-AB", source="University of Alberta"),
    SingleProvinceNetwork(asn=3633, province="CA-BC", source="Province of British Columbia"),
    SingleProvinceNetwork(asn=6579, province="CA-NL", source="Memorial University of Newfoundland"),
    SingleProvinceNetwork(asn=7122, province="CA-MB", source="Bell MTS, Manitoba"),
    SingleProvinceNetwork(asn=7860, province="CA-PE", source="University of Prince Edward Island"),
    SingleProvinceNetwork(asn=8111, province="CA-NS", source="Dalhousie University"),
    SingleProvinceNetwork(asn=15296, province="CA-AB", source="Cybera, research network of Alberta"),
    SingleProvinceNetwork(asn=17001, province="CA-MB", source="University of Manitoba"),
    SingleProvinceNetwork(asn=21804, province="CA-SK", source="Access Communications, Saskatchewan"),
    SingleProvinceNetwork(asn=22950, province="CA-SK", source="University of Saskatchewan"),
    SingleProvinceNetwork(asn=393249, province="CA-BC", source="University of British Columbia"),
    SingleProvinceNetwork(asn=399844, province="CA-SK", source="SaskTel, Crown corporation of Saskatchewan"),
)

# Access providers with subscribers in Canada only (domain.md §5.4). One of their addresses abroad is rather an
# error of the data than a subscriber (seen: a Polish /29 listed as AS812; data-sources.md §2.2).
CANADIAN_ACCESS_NETWORKS: Final = frozenset(
    {577, 684, 803, 812, 852, 855, 5645, 5769, 6327, 7122, 7992, 11260, 11290, 11814, 14663, 36522, 398721}
)

# AS numbers of one company, between which it moves its space (data-sources.md §2.2). The organisation's name is not
# enough: AS36522 was "BELL MOBILITY INC." in 2025 and is "Bell Canada" since, while its space moves to AS577.
SAME_COMPANY: Final = (
    frozenset({577, 684, 855, 7122, 36522}),  # Bell with Aliant, MTS and Mobility
    frozenset({803, 399844}),  # SaskTel
    frozenset({852, 14663}),  # TELUS, TELUS Mobility
    frozenset({5645, 20375}),  # TekSavvy
    frozenset({7992, 11290}),  # Cogeco
)


def choose(on: date | None, snapshots: Sequence[SnapshotDate]) -> Choice | None:
    """The snapshots to ask about a capture of that UTC date; None when there is no snapshot at all.

    The newest not later than the capture answers; if it is more than 60 days older, the next one is asked too
    (spec §5.2). A snapshot holds from the start of its day.
    """
    ordered = sorted(snapshots, key=lambda snapshot: snapshot.taken_on)
    if not ordered:
        return None
    if on is None:
        return Choice(answers=ordered[-1].snapshot, basis=Basis.NO_TIME, on=None)
    earlier = [snapshot for snapshot in ordered if snapshot.taken_on <= on]
    if not earlier:
        return Choice(answers=ordered[0].snapshot, basis=Basis.OLDER_THAN_EVERY, on=on)
    return Choice(answers=earlier[-1].snapshot, basis=_basis(on, earlier[-1], ordered[len(earlier) :]), on=on)


def _basis(on: date, answers: SnapshotDate, later: Sequence[SnapshotDate]) -> Basis | CheckedBy:
    if on - answers.taken_on <= TRUSTED_AGE:
        return Basis.AS_OF
    return CheckedBy(snapshot=later[0].snapshot) if later else Basis.NO_LATER


@value
class _Finding:
    """One step of the chain: how sure it leaves us, and why."""

    confidence: Confidence
    reason: str
    needs_person: bool = False


def attribute(item: str, ip_class: str, choice: Choice | None, networks: Mapping[str, Network]) -> Attribution:
    """Attribute one capture from the answers of the chosen snapshots.

    `networks` holds an answer for every snapshot the choice names; it may be empty for an address that is not
    public or when there is no choice.
    """
    if ip_class != PUBLIC:
        return _unattributed(item, ip_class, f"class.{ip_class}")
    if choice is None:
        return _unattributed(item, ip_class, "snapshot.none")
    network = networks[choice.answers]
    country, country_finding = _country(network)
    findings = [
        _age(choice, networks),
        _holder(network),
        country_finding,
        *_abroad(network, country),
    ]
    return Attribution(
        item=item,
        ip_class=ip_class,
        asn=network.asn,
        organisation=network.organisation,
        country=country,
        second_country=network.second_country,
        confidence=weakest(*(finding.confidence for finding in findings)),
        needs_person=any(finding.needs_person for finding in findings),
        snapshot=choice.answers,
        province_hint=_province(network.asn, country, choice.on),
        reasons=tuple(finding.reason for finding in findings),
    )


def agree(one: Network, other: Network) -> bool:
    """Same holder and same country. A company that moves space between its own AS numbers is the same holder."""
    return _same_holder(one, other) and _country(one)[0] == _country(other)[0]


def _same_holder(one: Network, other: Network) -> bool:
    if one.asn == other.asn:
        return True
    if one.organisation is not None and one.organisation == other.organisation:
        return True
    return any(one.asn in company and other.asn in company for company in SAME_COMPANY)


def _unattributed(item: str, ip_class: str, reason: str) -> Attribution:
    return Attribution(
        item=item,
        ip_class=ip_class,
        asn=None,
        organisation=None,
        country=None,
        second_country=None,
        confidence=Confidence.NONE,
        needs_person=False,
        snapshot=None,
        province_hint=None,
        reasons=(reason,),
    )


def _age(choice: Choice, networks: Mapping[str, Network]) -> _Finding:
    match choice.basis:
        case CheckedBy(snapshot=later):
            return _checked(networks[choice.answers], later, networks[later])
        case Basis.AS_OF:
            return _Finding(confidence=Confidence.HIGH, reason=choice.basis.value)
        case Basis.NO_LATER:
            return _Finding(confidence=Confidence.MEDIUM, reason=choice.basis.value)
        case Basis.OLDER_THAN_EVERY | Basis.NO_TIME:
            return _Finding(confidence=Confidence.LOW, reason=choice.basis.value)
        case _:
            assert_never(choice.basis)


def _checked(network: Network, later: str, then: Network) -> _Finding:
    if agree(network, then):
        return _Finding(confidence=Confidence.HIGH, reason=f"snapshot.later_agrees {later}")
    told = f"AS{then.asn}" if then.asn is not None else "unannounced"
    reason = f"snapshot.later_differs {later} {told} {_country(then)[0] or 'nowhere'}"
    return _Finding(confidence=Confidence.LOW, reason=reason, needs_person=True)


def _holder(network: Network) -> _Finding:
    if network.asn is None:
        return _Finding(confidence=Confidence.LOW, reason="network.unannounced")
    return _Finding(confidence=Confidence.HIGH, reason="network.announced")


def _country(network: Network) -> tuple[str | None, _Finding]:
    # data-sources.md §2.3: where the two sources agree, a third one does in 98.6 %.
    first, second = network.country, network.second_country
    if first is None and second is None:
        return None, _Finding(confidence=Confidence.LOW, reason="country.unknown")
    if first is None or second is None:
        return first or second, _Finding(confidence=Confidence.MEDIUM, reason="country.one_source")
    if first == second:
        return first, _Finding(confidence=Confidence.HIGH, reason="country.sources_agree")
    decided = second if second == _home(network) else first
    reason = f"country.sources_differ {first} {second}"
    return decided, _Finding(confidence=Confidence.LOW, reason=reason, needs_person=True)


def _home(network: Network) -> str | None:
    return "CA" if network.asn in CANADIAN_ACCESS_NETWORKS else network.home_country


def _abroad(network: Network, country: str | None) -> list[_Finding]:
    if network.asn not in CANADIAN_ACCESS_NETWORKS or country in (None, "CA"):
        return []
    return [_Finding(confidence=Confidence.LOW, reason="country.not_the_providers_home CA", needs_person=True)]


def _province(asn: int | None, country: str | None, on: date | None) -> str | None:
    if country != "CA":
        return None
    hints = (known.province for known in SINGLE_PROVINCE_NETWORKS if known.asn == asn and known.holds_on(on))
    return next(hints, None)
