"""What the checker can find, and how bad it is."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What became of something that should have happened exactly once, in order."""

    LOST = "lost"
    DOUBLED = "doubled"
    REORDERED = "reordered"
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
