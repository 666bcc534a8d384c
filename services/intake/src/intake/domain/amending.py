"""What a higher version of a referral changes, entry by entry.

An entry keeps its id across versions. Where it is not certain that two entries are one, nothing is withdrawn:
the old one stays, the new one is reported, and a person is asked (spec §5.1). References are matched within a
kind; digests and fingerprints are keyed hashes, so that matching needs no plaintext.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from intake.domain.referral import Kind, Naming


class Change(StrEnum):
    """What happened to an entry between two versions."""

    UNCHANGED = "unchanged"
    AMENDED = "amended"
    REPORTED = "reported"
    WITHDRAWN = "withdrawn"
    KEPT_FOR_REVIEW = "kept_for_review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A current entry as the earlier version left it."""

    id: UUID
    kind: Kind
    reference: str
    naming: Naming
    digest: bytes
    fingerprints: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of the new version, at `position` among its accepted entries."""

    position: int
    kind: Kind
    reference: str
    naming: Naming
    digest: bytes
    fingerprints: frozenset[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One entry's change. `known` is None for a new one, `position` for one the new version does not tell."""

    change: Change
    known: UUID | None
    position: int | None
    review: bool = False


def compare(known: Sequence[Known], told: Sequence[Told]) -> list[Outcome]:
    """The outcome for every entry of either version, each named exactly once."""
    matches = _matches(known, told)
    matched = {entry.id for entry in matches.values()}
    left = [entry for entry in known if entry.id not in matched]
    new = [entry for entry in told if entry.position not in matches]
    outcomes = [_of_pair(matches[entry.position], entry) for entry in told if entry.position in matches]
    doubted = {entry.id for entry in left if any(_may_be_one(entry, other) for other in new)}
    outcomes.extend(
        Outcome(
            change=Change.REPORTED,
            known=None,
            position=entry.position,
            review=any(_may_be_one(other, entry) for other in left),
        )
        for entry in new
    )
    outcomes.extend(
        Outcome(change=Change.KEPT_FOR_REVIEW, known=entry.id, position=None, review=True)
        if entry.id in doubted
        else Outcome(change=Change.WITHDRAWN, known=entry.id, position=None)
        for entry in left
    )
    return outcomes


def _of_pair(known: Known, told: Told) -> Outcome:
    change = Change.UNCHANGED if known.digest == told.digest else Change.AMENDED
    return Outcome(change=change, known=known.id, position=told.position)


def _matches(known: Sequence[Known], told: Sequence[Told]) -> Mapping[int, Known]:
    named: dict[tuple[Kind, str], list[Known]] = {}
    for entry in known:
        named.setdefault((entry.kind, entry.reference), []).append(entry)
    found: dict[int, Known] = {}
    for entry in told:
        match = _match(named.get((entry.kind, entry.reference), []), entry)
        if match is not None:
            found[entry.position] = match
    return found


def _match(candidates: Iterable[Known], told: Told) -> Known | None:
    """By reference; a reference that only counts positions must be borne out by the content."""
    for candidate in candidates:
        if candidate.digest == told.digest or candidate.fingerprints & told.fingerprints:
            return candidate
    for candidate in candidates:
        if Naming.POSITION not in {candidate.naming, told.naming}:
            return candidate
    return None


def _may_be_one(known: Known, told: Told) -> bool:
    if known.kind is not told.kind:
        return False
    shared = known.fingerprints & told.fingerprints
    return bool(shared) or known.digest == told.digest or known.reference == told.reference
