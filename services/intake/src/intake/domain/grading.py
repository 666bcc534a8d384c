"""How well a provider can answer for a capture (spec §3; domain.md §4.1).

A address, second, zone, and for IPv4 the port · B no port · C minute, or the zone or time is doubtful ·
D date only · X nothing a provider could look up. An IPv6 address is a subscriber's own and needs no port.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from kit.values import value


class Grade(StrEnum):
    """From best to worst."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    X = "X"


# Carrier NAT means "port, time and provider needed", not "invalid" (data-sources.md §2.5).
LOOKED_UP: Final = frozenset({"public", "carrier_nat"})
CLOCK_DRIFT: Final = timedelta(minutes=5)
_COARSE: Final = frozenset({"hour", "day"})


@value
class Gradable:
    """What of a capture decides its grade. `family` is 4 or 6; `doubtful`: of its own time."""

    ip_class: str
    family: int | None
    port: int | None
    at: datetime | None
    precision: str
    zone_assumed: bool
    doubtful: bool = False


def grade(capture: Gradable) -> Grade:
    """The grade of one capture."""
    if capture.ip_class not in LOOKED_UP or capture.at is None:
        return Grade.X
    if capture.precision in _COARSE:
        return Grade.D
    if capture.precision != "second" or capture.zone_assumed or capture.doubtful:
        return Grade.C
    if capture.family == 4 and capture.port is None:
        return Grade.B
    return Grade.A


def best(grades: Iterable[Grade]) -> Grade:
    """The grade of an entry: its best capture's, X without one."""
    return min(grades, default=Grade.X)  # their letters sort from best to worst


def invented(*, event: str | None, raw_time: str | None, incident_time: str | None) -> bool:
    """Some clients write the incident's time beside a bare address, event `Unknown` (domain.md §1.7)."""
    unknown = event is not None and event.strip().casefold() == "unknown"
    return unknown and raw_time is not None and incident_time is not None and raw_time == incident_time


def in_the_future(at: datetime | None, received_at: datetime) -> bool:
    """A time after its receipt was written by a wrong clock or in a wrong zone."""
    return at is not None and at > received_at + CLOCK_DRIFT
