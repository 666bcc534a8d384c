"""IP addresses whose network is known from elsewhere: a snapshot that is wrong about them is not taken in.

Large blocks of the providers of domain.md §5.4, Canadian universities and governments, and well-known addresses of
the world. Few of them move in a year; five in a hundred may.
"""

import socket
from collections.abc import Iterator
from typing import Final

from kit.values import value


@value
class Known:
    """One known address: any of these AS numbers, and this country by at least one source."""

    ip: str
    asns: frozenset[int]
    country: str

    @property
    def packed(self) -> bytes:
        """The 4 or 16 bytes of the address."""
        return socket.inet_pton(socket.AF_INET6 if ":" in self.ip else socket.AF_INET, self.ip)


_FAMILIES: Final[tuple[tuple[set[int], str, str], ...]] = (
    # Bell with Bell Aliant, Bell MTS and Bell Mobility, whose space moves between their AS numbers
    (
        {577, 684, 855, 7122, 36522},
        "CA",
        "70.24.10.1 70.48.100.1 76.64.20.1 64.231.10.1 65.92.10.1 67.68.1.1 74.12.1.1 142.112.10.1 174.88.10.1 "
        "184.144.10.1 184.151.1.1 206.172.1.1 142.162.1.1 142.176.1.1 156.34.1.1 47.54.1.1 142.161.1.1 206.45.1.1",
    ),
    # Rogers, and Shaw under its own number
    (
        {812},
        "CA",
        "24.114.25.3 99.224.1.1 99.240.1.1 174.112.1.1 72.136.1.1 173.32.1.1 174.116.1.1 99.251.1.1 2607:fea8::1 "
        "2607:f798::1 2605:8d80::1",
    ),
    (
        {6327, 812},
        "CA",
        "24.64.1.1 24.78.1.1 24.84.1.1 68.144.1.1 70.64.1.1 70.67.1.1 96.48.1.1 174.0.1.1 184.64.1.1 50.64.1.1 "
        "2604:3d08::1 2001:4e8::1",
    ),
    (
        {852},
        "CA",
        "142.179.1.1 154.5.1.1 75.152.1.1 75.156.1.1 207.6.1.1 66.183.1.1 209.53.1.1 108.180.1.1 137.186.1.1 "
        "162.156.1.1 173.180.1.1 50.92.1.1 206.116.1.1 2001:569::1 2001:56a::1",
    ),
    (
        {5769},
        "CA",
        "24.200.1.1 24.202.1.1 66.130.1.1 70.80.1.1 96.20.1.1 135.19.1.1 173.176.1.1 184.160.1.1 69.70.1.1 "
        "74.56.1.1 2607:fa48::1",
    ),
    ({7992, 11290}, "CA", "24.226.1.1 24.141.1.1 67.193.1.1 72.38.1.1 24.150.1.1 24.36.1.1 24.122.1.1"),
    ({11260}, "CA", "24.222.1.1 24.224.128.1 24.137.64.1 24.138.1.1 71.7.128.1 76.11.1.1"),
    ({803, 399844}, "CA", "142.165.1.1 207.195.1.1 207.47.128.1 71.17.1.1 67.225.1.1 204.83.1.1"),
    ({5645}, "CA", "69.165.128.1 76.10.128.1 104.195.128.1 107.179.128.1 206.248.128.1 2607:f2c0::1"),
    ({11814}, "CA", "206.80.240.1"),
    ({16276}, "CA", "51.79.1.1 142.44.128.1 158.69.1.1"),
    # campuses and governments
    ({376}, "CA", "132.204.1.1 132.205.1.1"),
    ({239, 549}, "CA", "142.150.1.1 128.100.1.1"),
    ({393249, 271}, "CA", "137.82.1.1 142.103.1.1"),
    ({8111}, "CA", "129.173.1.1"),
    ({6579}, "CA", "134.153.1.1"),
    ({22950}, "CA", "128.233.1.1"),
    ({17001}, "CA", "130.179.1.1"),
    ({2665, 2675}, "CA", "198.103.1.1 205.193.1.1"),
    # the world
    ({15169}, "US", "8.8.8.8 142.250.1.1 2001:4860:4860::8888"),
    ({13335}, "US", "104.16.1.1 2606:4700::1111"),
    ({19281}, "US", "9.9.9.9 2620:fe::fe"),
    ({714}, "US", "17.1.1.1"),
    ({8075}, "US", "20.1.1.1 13.64.1.1"),
    ({7922}, "US", "73.1.1.1 2601::1"),
    ({7018}, "US", "12.1.1.1"),
    ({3356}, "US", "4.2.2.2"),
    ({3215}, "FR", "80.12.1.1 90.0.1.1"),
    ({12322}, "FR", "82.64.1.1 2a01:e00::1"),
    ({3320}, "DE", "217.0.1.1 79.192.1.1 2003::1"),
    ({5089}, "GB", "86.1.1.1"),
    ({1136, 3265}, "NL", "77.160.1.1 80.100.1.1"),
    ({17676}, "JP", "126.1.1.1"),
    ({1221}, "AU", "101.160.1.1 2001:8003::1"),
)


def _known() -> Iterator[Known]:
    for asns, country, ips in _FAMILIES:
        for ip in ips.split():
            yield Known(ip=ip, asns=frozenset(asns), country=country)


KNOWN: Final = tuple(_known())

MUST_BE_RIGHT: Final = 0.95
"""Share of the known addresses that a snapshot must get right."""
