"""The network of a capture is the one that held its IP address at its time, with how sure that is and why.

Which dated snapshots are asked, what their answers weigh together, and nothing of how they are read: the lookups
come in as plain values. Confidences combine by their minimum.

Not promised: who the subscriber is, which provider must be asked (liaison decides), or where in the country the
person is: a province is only ever a hint, a municipality never follows from an IP address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What one snapshot says of one IP address. Countries are ISO 3166-1 alpha-2; None: the source is silent."""

    asn: int | None
    organisation: str | None
    country: str | None
    """The primary source's answer."""
    second_country: str | None
    home_country: str | None = None
    """Where most of the network's IP addresses are, in the same snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Network, organisation and country of one capture, from which snapshot, how sure, and why.

    `country` is the country decided on; `second_country` what the second source says. `province_hint` is an
    ISO 3166-2 code. Each of `reasons` is a code, or a code, a space and what it refers to. An address that is not
    public keeps its class and has no network.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotDate:
    """A snapshot as far as the choice between snapshots needs it."""

    snapshot: str
    taken_on: date


class Basis(StrEnum):
    """Why a snapshot was chosen."""

    AS_OF = "snapshot.as_of"
    BRACKETED = "snapshot.bracketed"
    NO_LATER = "snapshot.no_later"
    OLDER_THAN_EVERY = "snapshot.older_than_every"
    NO_TIME = "snapshot.capture_without_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The snapshot that answers, and the later one that confirms or contradicts it (only when `BRACKETED`)."""

    answers: str
    confirms: str | None
    basis: Basis
    on: date | None
    """UTC date of the capture."""
