"""What must become of what was generated, so that a demo or a test can check it without looking at our code.

Only what follows from the data is expected: a place that no evidence tells is None, even though the generator
knows where its person lives.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["suspect", "victim"]


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """A verdict on one item. `pointer` is a JSON Pointer in the file, or a path in a report."""

    pointer: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedEntry:
    """What must become of one suspect or victim."""

    reference: str
    kind: Kind
    accepted: bool = True
    refused_for: str | None = None
    """The code of the verdict that refuses the whole entry."""
    rejected: tuple[ItemVerdict, ...] = ()
    """Items that are refused; the others of the entry are kept."""
    warned: tuple[ItemVerdict, ...] = ()
    """Items that are kept with a doubt."""
    grade: str | None = None
    """Best grade of the entry's captures, where it follows."""
    country: str | None = None
    """ISO 3166-1 alpha-2."""
    province: str | None = None
    """ISO 3166-2; only where better evidence than a network tells it."""
    holder: Literal["agency", "bureau", "centre"] | None = None
    """Who must hold it first: police in Canada, a bureau abroad, or the centre."""
    because: str = "sound"
    """The flaw that was put in, or `sound`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What must become of one file or report."""

    entries: Mapping[str, ExpectedEntry] = field(default_factory=dict[str, ExpectedEntry])
    """By the entry's reference."""

    @property
    def accepted(self) -> int:
        """Entries that must end in an assignment."""
        return sum(entry.accepted for entry in self.entries.values())

    @property
    def rejected(self) -> int:
        """Entries that must be refused."""
        return len(self.entries) - self.accepted

    @property
    def rejected_items(self) -> tuple[ItemVerdict, ...]:
        """All refused items of accepted entries."""
        return tuple(item for entry in self.entries.values() for item in entry.rejected)

    def of_kind(self, kind: Kind) -> tuple[ExpectedEntry, ...]:
        """The accepted entries of one kind."""
        return tuple(entry for entry in self.entries.values() if entry.kind == kind and entry.accepted)
