"""Real provider ranges for synthetic people: an IP address that a network announced in a country.

Ranges come from routing's committed network snapshots, weighted by their size. Only IPv4 addresses are drawn
that both country sources place in the country, so that what must be found follows from the data. Nobody ever
contacts any of them.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Protocol

import numpy as np
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from routing.networks import snapshot as snapshots
from routing.networks.snapshot import Snapshot

_BUNDLES = Path(snapshots.__file__).parent / "data"


class Addresses(Protocol):
    """Where addresses come from. The same network, country and stream of draws give the same address."""

    def address(self, asn: int, country: str, random: Random) -> str:
        """An address that the network announced and that lies in that country.

        Raises `LookupError` where the network has none there.
        """
        ...


class ListedAddresses:
    """Addresses from a list per network and country: for tests, and for a host without a snapshot."""

    def __init__(self, listed: Mapping[tuple[int, str], Sequence[str]]) -> None:
        """Serves only what is listed."""
        self._listed = listed

    def address(self, asn: int, country: str, random: Random) -> str:
        """One of the list."""
        listed = self._listed.get((asn, country))
        if not listed:
            raise LookupError(f"no addresses of AS{asn} in {country}")
        return random.choice(listed)


@dataclass(frozen=True, slots=True)
class _Ranges:
    """First addresses of ranges, and how many addresses lie up to the end of each."""

    starts: Sequence[int]
    ends: Sequence[int]

    def draw(self, random: Random) -> str:
        position = random.randrange(self.ends[-1])
        index = bisect_right(self.ends, position)
        before = self.ends[index - 1] if index else 0
        return str(IPv4Address(self.starts[index] + position - before))


class SnapshotAddresses:
    """Addresses out of one network snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Finds the ranges of a network when it is first asked for."""
        self.snapshot = snapshot
        self._found: dict[tuple[int, str], _Ranges] = {}

    def address(self, asn: int, country: str, random: Random) -> str:
        """An address of the network, drawn evenly over all that it announced in the country."""
        ranges = self._found.get((asn, country))
        if ranges is None:
            ranges = self._found[asn, country] = self._ranges(asn, country)
        return ranges.draw(random)

    def _ranges(self, asn: int, country: str) -> _Ranges:
        table = self.snapshot.v4
        network = self.snapshot.position_of(asn)
        if network is None or country not in self.snapshot.countries:
            raise LookupError(f"AS{asn} announced nothing in {country}")
        code = self.snapshot.countries.index(country)
        networks, first, second = map(np.asarray, (table.network, table.country, table.second_country))
        rows: list[int] = np.flatnonzero((networks == network) & (first == code) & (second == code)).tolist()
        if not rows:
            raise LookupError(f"AS{asn} announced nothing in {country}")
        last = len(table.starts) - 1
        sizes = ((table.starts[row + 1] if row < last else 1 << 32) - table.starts[row] for row in rows)
        return _Ranges([table.starts[row] for row in rows], list(accumulate(sizes)))


class _Home(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="INTERLINK_")

    home: Path = Field(default=Path(".local"), description="Where everything local lives.")


@lru_cache(maxsize=2)
def announced(cache: Path | None = None) -> SnapshotAddresses:
    """Addresses from routing's newest committed snapshot, unpacked below `INTERLINK_HOME` unless told where."""
    newest = max(manifest.parent for manifest in _BUNDLES.glob("*/manifest.json"))
    return SnapshotAddresses(Snapshot.load(newest, cache or _Home().home / "networks"))
