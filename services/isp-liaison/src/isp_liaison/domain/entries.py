"""What a line knows of the suspects and victims it is asked for: ids, and what their events inherit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

EntryId = NewType("EntryId", UUID)


class About(StrEnum):
    """Whose identifiers a request holds: those of victims never travel with those of suspects (spec §5.3)."""

    SUSPECTS = "suspects"
    VICTIMS = "victims"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """A suspect or victim, and what every event about it says."""

    entry: EntryId
    kind: str
    referral: UUID
    investigation: UUID
    tenant: str
    testmode: bool
    priority: str
    handling: str
    foreign_investigating: bool
    """Whether its referral names a foreign authority as investigating (Criminal Code s. 487.012(2)(b))."""

    @property
    def about(self) -> About:
        """A word that is not known counts as a victim: the stricter handling."""
        return About.SUSPECTS if self.kind == "suspect" else About.VICTIMS
