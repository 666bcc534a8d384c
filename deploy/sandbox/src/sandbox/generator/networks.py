"""Real provider ranges for synthetic people: an IP address that a network announced in a country."""

from collections.abc import Sequence
from random import Random
from typing import Protocol


class Addresses(Protocol):
    """Where addresses come from. The same network, country and stream give the same address."""

    def address(self, asn: int, country: str, random: Random) -> str:
        """An address that the network announced and that the snapshot places in that country.

        Raises `LookupError` where the network has none there.
        """
        ...


class ListedAddresses:
    """Addresses from a given list per network and country: for tests and for a host without a snapshot."""

    def __init__(self, listed: dict[tuple[int, str], Sequence[str]]) -> None:
        """Serves only what is listed."""
        self._listed = listed

    def address(self, asn: int, country: str, random: Random) -> str:
        """One of the list."""
        listed = self._listed.get((asn, country))
        if not listed:
            raise LookupError(f"no addresses of AS{asn} in {country}")
        return random.choice(listed)
