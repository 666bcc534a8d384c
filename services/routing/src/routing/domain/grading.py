"""How well a provider can answer for a capture (spec §3): routing's own reading, for entries that intake did not see.

A address, second, zone, and for IPv4 the port · B no port · C minute, or the zone assumed · D date only · X nothing.
Carrier NAT is graded: port, time and provider together still say something.
"""

from typing import Final

LOOKED_UP: Final = frozenset({"public", "carrier_nat"})
COARSE: Final = frozenset({"hour", "day"})


def grade(*, ip_class: str, family: int | None, has_port: bool, precision: str, zone_assumed: bool) -> str:
    """The grade of one capture; a time that could not be read has the precision `none`."""
    if ip_class not in LOOKED_UP or precision == "none":
        return "X"
    if precision in COARSE:
        return "D"
    if precision != "second" or zone_assumed:
        return "C"
    return "B" if family == 4 and not has_port else "A"
