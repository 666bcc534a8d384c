"""What the checker can find, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What became of something that should have happened exactly once, in order."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
    WRONG = "wrong"
    UNTOLD = "untold"
    WAITING = "waiting"

    @property
    def may_mend(self) -> bool:
        """Whether time may still bring it about; what happened twice stays so."""
        return self not in (Kind.DOUBLED, Kind.REORDERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is not as it must be, in words with ids."""

    kind: Kind
    words: str


def lost(words: str) -> Problem:
    """Something that was accepted is not there."""
    return Problem(kind=Kind.LOST, words=words)


def doubled(words: str) -> Problem:
    """Something happened twice."""
    return Problem(kind=Kind.DOUBLED, words=words)


def wrong(words: str) -> Problem:
    """Something is there, and is not as it must be."""
    return Problem(kind=Kind.WRONG, words=words)


def untold(words: str) -> Problem:
    """Somebody who must act does not know."""
    return Problem(kind=Kind.UNTOLD, words=words)


def waiting(words: str) -> Problem:
    """Something should have come to its end."""
    return Problem(kind=Kind.WAITING, words=words)
