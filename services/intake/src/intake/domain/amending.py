"""What a higher version of a referral changes, entry by entry.

An entry keeps its id across versions, also where one of them did not name it. Where it is not certain that two
entries are one, nothing is withdrawn: the old one stays, the new one is reported, and a person is asked (spec
§5.1). References are matched within a kind; digests and fingerprints are keyed hashes, so that matching needs no
plaintext.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from intake.domain.referral import Kind, Naming
from kit.values import value

Mark: TypeAlias = tuple[Kind, bytes]


class Change(StrEnum):
    """What happened to an entry between two versions."""

    UNCHANGED = "unchanged"
    AMENDED = "amended"
    REPORTED = "reported"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    KEPT_FOR_REVIEW = "kept_for_review"


@value
class Known:
    """An entry as the earlier versions left it; `withdrawn`: one named it no longer, `review`: it is in doubt."""

    id: UUID
    kind: Kind
    reference: str
    naming: Naming
    digest: bytes
    fingerprints: frozenset[bytes]
    withdrawn: bool = False
    review: bool = False

    @property
    def marks(self) -> frozenset[Mark]:
        """What of its content another entry may share."""
        return _marks(self)


@value
class Told:
    """An entry of the new version, at `position` among its accepted entries."""

    position: int
    kind: Kind
    reference: str
    naming: Naming
    digest: bytes
    fingerprints: frozenset[bytes]

    @property
    def marks(self) -> frozenset[Mark]:
        """What of its content another entry may share."""
        return _marks(self)


@value
class Outcome:
    """One entry's change. `known` is None for a new one, `position` for one the new version does not tell."""

    change: Change
    known: UUID | None
    position: int | None
    review: bool = False


def compare(known: Sequence[Known], told: Sequence[Told], *, unread: bool = False) -> list[Outcome]:
    """The outcome for every entry that is told and every current one, each named exactly once.

    `known` has the current entries before the withdrawn ones: of several by one name the first is meant. `unread`: the
    version tells more than could be read, and that may be any of those it does not seem to tell.
    """
    matches = _matches(known, told)
    matched = {entry.id for entry in matches.values()}
    left = [entry for entry in known if entry.id not in matched and not entry.withdrawn]
    new = [entry for entry in told if entry.position not in matches]
    outcomes = [_of_pair(matches[entry.position], entry) for entry in told if entry.position in matches]
    left_clues, new_clues = _clues(left), _clues(new)
    outcomes.extend(
        Outcome(
            change=Change.REPORTED,
            known=None,
            position=entry.position,
            review=not left_clues.isdisjoint(_clues([entry])),
        )
        for entry in new
    )
    outcomes.extend(
        Outcome(change=Change.KEPT_FOR_REVIEW, known=entry.id, position=None, review=True)
        if unread or entry.review or not new_clues.isdisjoint(_clues([entry]))
        else Outcome(change=Change.WITHDRAWN, known=entry.id, position=None)
        for entry in left
    )
    return outcomes


def _of_pair(known: Known, told: Told) -> Outcome:
    kept = Change.UNCHANGED if known.digest == told.digest else Change.AMENDED
    return Outcome(change=Change.RETURNED if known.withdrawn else kept, known=known.id, position=told.position)


def _matches(known: Sequence[Known], told: Sequence[Told]) -> Mapping[int, Known]:
    """First what reference and content both say, then what the reference alone says and no content denies."""
    found = _moved(known, told)
    moved = {entry.id for entry in found.values()}
    named: dict[tuple[Kind, str], list[Known]] = {}
    for entry in known:
        if entry.id not in moved:
            named.setdefault((entry.kind, entry.reference), []).append(entry)
    for entry in told:
        match = None if entry.position in found else _borne_out(named.get((entry.kind, entry.reference), []), entry)
        if match is not None:
            found[entry.position] = match
    sure = {entry.id for entry in found.values()}
    others = {mark for entry in known if entry.id not in sure and not entry.withdrawn for mark in entry.marks}
    for entry in told:
        if entry.position in found or not others.isdisjoint(entry.marks):
            continue
        match = _by_name(named.get((entry.kind, entry.reference), []), entry, sure)
        if match is not None:
            found[entry.position] = match
    return found


def _moved(known: Sequence[Known], told: Sequence[Told]) -> dict[int, Known]:
    """Of those whom only their place names: who is told in the same words again, wherever they stand now."""
    stood: dict[Mark, list[Known]] = {}
    for entry in reversed(known):
        if entry.naming is Naming.POSITION:
            stood.setdefault((entry.kind, entry.digest), []).append(entry)
    found: dict[int, Known] = {}
    for entry in told:
        same = stood.get((entry.kind, entry.digest)) if entry.naming is Naming.POSITION else None
        if same:
            found[entry.position] = same.pop()
    return found


def _borne_out(candidates: Iterable[Known], told: Told) -> Known | None:
    return next((candidate for candidate in candidates if not candidate.marks.isdisjoint(told.marks)), None)


def _by_name(candidates: Iterable[Known], told: Told, taken: set[UUID]) -> Known | None:
    """A reference that only counts positions says nothing alone."""
    return next(
        (one for one in candidates if one.id not in taken and Naming.POSITION not in {one.naming, told.naming}), None
    )


def _marks(entry: Known | Told) -> frozenset[Mark]:
    return frozenset((entry.kind, mark) for mark in (entry.digest, *entry.fingerprints))


def _clues(entries: Sequence[Known] | Sequence[Told]) -> set[Mark | tuple[Kind, str]]:
    """Two entries that share one of these may be one."""
    return {clue for entry in entries for clue in (*entry.marks, (entry.kind, entry.reference))}
