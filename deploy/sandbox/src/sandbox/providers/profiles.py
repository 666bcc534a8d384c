"""The two providers that this process plays, and what each does with what it is asked."""

from dataclasses import dataclass
from types import MappingProxyType

IDENTIFIED = "subscriber_identified"
REDIRECT = "redirect"
PRESERVED = "preserved"
PRESERVING = frozenset({"preservation_demand", "preservation_order"})
"""Instruments that produce nothing: the provider keeps what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One provider."""

    client: str
    """Its id in liaison's directory, and its OAuth client."""
    zone: str
    """The IANA zone of its logs: its answers tell local times of it, without an offset."""
    outcomes: tuple[tuple[str, int], ...]
    """What becomes of a line that is to be produced, with its share of a hundred."""


PROFILES = MappingProxyType(
    {
        "north": Profile(client="provider-north", zone="America/Toronto", outcomes=((IDENTIFIED, 100),)),
        "east": Profile(
            client="provider-east",
            zone="America/Halifax",
            outcomes=((IDENTIFIED, 60), ("no_record", 10), ("cgn_ambiguous", 10), (REDIRECT, 20)),
        ),
    }
)
"""By the first segment of their addresses."""

REDIRECTS_TO = PROFILES["north"].client
"""East resells part of north's network."""
