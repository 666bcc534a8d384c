"""The bodies of the directory, as far as they matter for telling them something."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One body; `sequence` tells which state is newer."""

    id: str
    kind: str
    name_en: str
    name_fr: str
    directory: str
    sequence: int
    retired_on: date | None = None
    tenant: str = "centre"
    testmode: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retired:
    """A body that takes no more assignments."""

    id: str
    retired_on: date
    sequence: int
