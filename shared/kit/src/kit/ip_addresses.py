"""Any text becomes an IP address with its class, or is called invalid; nothing is guessed and nothing raises.

Notations that mean another address to another reader (`010.0.0.1`, `1.2.3`, `0x7f.1`, `fe80::1%eth0`) are
invalid: evidence is not repaired. An IPv4 address inside an IPv6 address (mapped, NAT64, 6to4, Teredo) is
taken out, because that is the address a provider can answer for. Carrier NAT is a class of its own: such a
capture still says something when port, time and provider are known.

Not promised: that a public address was announced by anybody at any time; the network snapshots say that.
"""

import socket
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from kit.values import value

Family: TypeAlias = Literal[4, 6]


class IpClass(StrEnum):
    """What kind of address it is; the words are those of the contracts."""

    PUBLIC = "public"
    PRIVATE = "private"
    CARRIER_NAT = "carrier_nat"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    DOCUMENTATION = "documentation"
    MULTICAST = "multicast"
    RESERVED = "reserved"
    UNSPECIFIED = "unspecified"
    INVALID = "invalid"


@value
class IpAddress:
    """An IP address as it was written and as it is understood.

    `canonical` is the RFC 5952 text of the address that counts (after unwrapping), `packed` its 4 or 16 bytes
    in network order; both are None for an invalid text. `wrapped_in` is the canonical text of the IPv6 address
    that carried it, where one did.
    """

    raw: str
    canonical: str | None
    ip_class: IpClass
    packed: bytes | None
    wrapped_in: str | None = None

    @property
    def family(self) -> Family | None:
        """4 or 6; None for an invalid text."""
        if self.packed is None:
            return None
        return 4 if len(self.packed) == 4 else 6


# IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates) and IPv4 Multicast Address Space
# (RFC 5771). Where ranges nest, the narrower one wins.
SPECIAL_IPV4: Final[tuple[tuple[str, int, IpClass], ...]] = (
    ("0.0.0.0", 8, IpClass.RESERVED),  # noqa: S104  RFC 791, "this network"; no socket is bound here
    ("0.0.0.0", 32, IpClass.UNSPECIFIED),  # noqa: S104  RFC 1122 section 3.2.1.3; nor here
    ("10.0.0.0", 8, IpClass.PRIVATE),  # RFC 1918
    ("100.64.0.0", 10, IpClass.CARRIER_NAT),  # RFC 6598
    ("127.0.0.0", 8, IpClass.LOOPBACK),  # RFC 1122
    ("169.254.0.0", 16, IpClass.LINK_LOCAL),  # RFC 3927
    ("172.16.0.0", 12, IpClass.PRIVATE),  # RFC 1918
    ("192.0.0.0", 24, IpClass.RESERVED),  # IETF protocol assignments, RFC 6890
    ("192.0.0.0", 29, IpClass.CARRIER_NAT),  # inside DS-Lite and 464XLAT, RFC 7335
    ("192.0.0.9", 32, IpClass.RESERVED),  # PCP anycast, RFC 7723
    ("192.0.0.10", 32, IpClass.RESERVED),  # TURN anycast, RFC 8155
    ("192.0.2.0", 24, IpClass.DOCUMENTATION),  # RFC 5737
    ("192.31.196.0", 24, IpClass.RESERVED),  # AS112, RFC 7535
    ("192.52.193.0", 24, IpClass.RESERVED),  # AMT, RFC 7450
    ("192.88.99.0", 24, IpClass.RESERVED),  # retired 6to4 relay anycast, RFC 7526
    ("192.168.0.0", 16, IpClass.PRIVATE),  # RFC 1918
    ("192.175.48.0", 24, IpClass.RESERVED),  # AS112, RFC 7534
    ("198.18.0.0", 15, IpClass.RESERVED),  # benchmarking, RFC 2544
    ("198.51.100.0", 24, IpClass.DOCUMENTATION),  # RFC 5737
    ("203.0.113.0", 24, IpClass.DOCUMENTATION),  # RFC 5737
    ("224.0.0.0", 4, IpClass.MULTICAST),  # RFC 5771
    ("233.252.0.0", 24, IpClass.DOCUMENTATION),  # multicast for documentation, RFC 6676
    ("240.0.0.0", 4, IpClass.RESERVED),  # RFC 1112, with the limited broadcast
)

# IANA IPv6 Special-Purpose Address Registry and IPv6 Address Space (RFC 4291: only 2000::/3 is global unicast).
SPECIAL_IPV6: Final[tuple[tuple[str, int, IpClass], ...]] = (
    ("::", 3, IpClass.RESERVED),
    ("::", 128, IpClass.UNSPECIFIED),
    ("::1", 128, IpClass.LOOPBACK),
    ("64:ff9b:1::", 48, IpClass.PRIVATE),  # NAT64 of one site, RFC 8215; its layout is its own
    ("100::", 64, IpClass.RESERVED),  # discard-only, RFC 6666
    ("2001::", 23, IpClass.RESERVED),  # IETF protocol assignments, RFC 2928
    ("2001:db8::", 32, IpClass.DOCUMENTATION),  # RFC 3849
    ("2620:4f:8000::", 48, IpClass.RESERVED),  # AS112, RFC 7534
    ("3fff::", 20, IpClass.DOCUMENTATION),  # RFC 9637
    ("4000::", 2, IpClass.RESERVED),
    ("8000::", 1, IpClass.RESERVED),
    ("fc00::", 7, IpClass.PRIVATE),  # unique local, RFC 4193
    ("fe80::", 10, IpClass.LINK_LOCAL),  # RFC 4291
    ("fec0::", 10, IpClass.PRIVATE),  # the site-local of old, RFC 3879
    ("ff00::", 8, IpClass.MULTICAST),  # RFC 4291
)


@dataclass(frozen=True, slots=True)
class _Ranges:
    """Starts of ranges, sorted, and the class from each start to the next."""

    starts: tuple[bytes, ...]
    classes: tuple[IpClass, ...]

    def of(self, packed: bytes) -> IpClass:
        return self.classes[bisect_right(self.starts, packed) - 1]


def _flatten(networks: Iterable[tuple[str, int, IpClass]], family: socket.AddressFamily, width: int) -> _Ranges:
    bounds = [
        (first, first + (1 << (width - length)), length, kind)
        for text, length, kind in networks
        for first in [int.from_bytes(socket.inet_pton(family, text), "big")]
    ]
    starts = sorted({0, *(edge for low, high, _, _ in bounds for edge in (low, high) if edge < 1 << width)})
    classes: list[IpClass] = []
    for start in starts:
        around = [(length, kind) for low, high, length, kind in bounds if low <= start < high]
        classes.append(max(around, key=lambda found: found[0])[1] if around else IpClass.PUBLIC)
    return _Ranges(tuple(start.to_bytes(width // 8, "big") for start in starts), tuple(classes))


_IPV4 = _flatten(SPECIAL_IPV4, socket.AF_INET, 32)
_IPV6 = _flatten(SPECIAL_IPV6, socket.AF_INET6, 128)
_LONGEST: Final = 45  # the longest notation of RFC 4291 section 2.2, with an IPv4 tail
_MAPPED: Final = bytes(10) + b"\xff\xff"  # RFC 4291 section 2.5.5.2
_NAT64: Final = b"\x00\x64\xff\x9b" + bytes(8)  # RFC 6052
_6TO4: Final = b"\x20\x02"  # RFC 3056
_TEREDO: Final = b"\x20\x01\x00\x00"  # RFC 4380; the client's address is written with its bits inverted


def classify(text: str) -> IpAddress:
    """Read one IP address strictly and say of which class it is; any text is allowed, and it is not trimmed."""
    if len(text) > _LONGEST:
        return _invalid(text)
    packed = _parse(text)
    if packed is None:
        return _invalid(text)
    inner = _carried_ipv4(packed) if len(packed) == 16 else None
    if inner is None:
        return IpAddress(raw=text, canonical=canonical(packed), ip_class=class_of(packed), packed=packed)
    return IpAddress(
        raw=text,
        canonical=canonical(inner),
        ip_class=class_of(inner),
        packed=inner,
        wrapped_in=canonical(packed),
    )


def _invalid(text: str) -> IpAddress:
    return IpAddress(raw=text, canonical=None, ip_class=IpClass.INVALID, packed=None)


def class_of(packed: bytes) -> IpClass:
    """Class of an address given as its 4 or 16 bytes; nothing is unwrapped."""
    return _IPV4.of(packed) if len(packed) == 4 else _IPV6.of(packed)


def canonical(packed: bytes) -> str:
    """RFC 5952 text of an address given as its 4 or 16 bytes."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def _parse(text: str) -> bytes | None:
    # inet_pton and nothing else: inet_aton reads 010.0.0.1 as 8.0.0.1, `ipaddress` lets a zone index through.
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):  # ValueError: a zero byte or a lone surrogate in the text
        return None


def _carried_ipv4(packed: bytes) -> bytes | None:
    if packed.startswith((_MAPPED, _NAT64)):
        return packed[12:]
    if packed.startswith(_6TO4):
        return packed[2:6]
    if packed.startswith(_TEREDO):
        return bytes(byte ^ 0xFF for byte in packed[12:])
    return None
