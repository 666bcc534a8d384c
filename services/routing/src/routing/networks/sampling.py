"""Real announced IP addresses of a network or country for synthetic referrals, likelier where it is larger.

For sandbox files and load tests only: everything else in a synthetic referral is made up.
"""

from collections.abc import Callable
from itertools import accumulate
from random import Random

from kit.ip_addresses import IpClass, canonical, classify
from routing.networks.snapshot import Snapshot, Table


def sample_addresses(snapshot: Snapshot, of: int | str, random: Random, n: int) -> list[str]:
    """`n` public IPv4 addresses, canonical, announced by an AS number or in a country (alpha-2) both sources name.

    Empty if there are none.
    """
    rows = _rows(snapshot, snapshot.v4, of)
    sizes = _sizes(snapshot.v4, rows, 1 << 32)

    def address(row: int, size: int) -> bytes:
        return (snapshot.v4.starts[row] + random.randrange(size)).to_bytes(4, "big")

    return _draw(rows, sizes, address, random, n)


def sample_addresses_v6(snapshot: Snapshot, of: int | str, random: Random, n: int) -> list[str]:
    """The same for IPv6: a /64 by size, the rest of the address at random."""
    rows = _rows(snapshot, snapshot.v6, of)
    sizes = _sizes(snapshot.v6, rows, 1 << 64)

    def address(row: int, size: int) -> bytes:
        upper = snapshot.v6.starts[row] + random.randrange(size)
        return upper.to_bytes(8, "big") + random.getrandbits(64).to_bytes(8, "big")

    return _draw(rows, sizes, address, random, n)


def _rows(snapshot: Snapshot, table: Table, of: int | str) -> list[int]:
    if isinstance(of, int):
        position = snapshot.position_of(of)
        return [row for row, network in enumerate(table.network) if network == position]
    country = snapshot.countries.index(of) if of in snapshot.countries else -1
    columns = zip(table.network, table.country, table.second_country, strict=True)
    return [row for row, (network, *both) in enumerate(columns) if network and both == [country, country]]


def _sizes(table: Table, rows: list[int], top: int) -> list[int]:
    last = len(table.starts) - 1
    return [(table.starts[row + 1] if row < last else top) - table.starts[row] for row in rows]


def _draw(rows: list[int], sizes: list[int], address: Callable[[int, int], bytes], random: Random, n: int) -> list[str]:
    if not rows:
        return []
    cumulative = list(accumulate(sizes))
    drawn: list[str] = []
    while len(drawn) < n:
        indexes = random.choices(range(len(rows)), cum_weights=cumulative, k=n - len(drawn))
        found = [classify(canonical(address(rows[index], sizes[index]))) for index in indexes]
        # Announced ranges may cover special ones and relays of tunnels.
        drawn += [each.raw for each in found if each.ip_class is IpClass.PUBLIC and each.wrapped_in is None]
    return drawn
