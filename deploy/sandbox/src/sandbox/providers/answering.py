"""What a provider answers: pure, so that after a restart, or a lost answer, it says the same again.

Times are told as a provider's records have them: local, without an offset, beside the zone they are of. A wall
time that a clock change makes ambiguous or impossible is never told; the interval is made wider instead.
"""

import hashlib
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeAlias

from kit.time import parse, zone
from sandbox.generator.chance import chance
from sandbox.providers.asked import Asked, Line
from sandbox.providers.profiles import IDENTIFIED, PRESERVED, PRESERVING, REDIRECT, REDIRECTS_TO, Profile
from sandbox.providers.subscribers import subscriber

Json: TypeAlias = dict[str, Any]

LINES_AT_ONCE = 200
"""Lines in one answer; a longer request is answered in parts."""
_LONGEST_HOURS = 6


def answers(profile: Profile, asked: Asked) -> list[Json]:
    """The bodies of the provider's answer to a request, one after the other."""
    told = [_line(profile, asked.instrument, line) for line in asked.lines]
    parts = [told[first : first + LINES_AT_ONCE] for first in range(0, len(told), LINES_AT_ONCE)]
    return [{"zone": profile.zone, "lines": part} for part in parts]


def outcome(profile: Profile, line: Line) -> str:
    """What becomes of a line to be produced: drawn by what is asked about, not by the line's id."""
    at = line.at.isoformat() if line.at is not None else ""
    digest = hashlib.sha256(f"{line.ip}|{line.port}|{at}".encode()).digest()
    drawn = int.from_bytes(digest[:8]) % 100
    upto = 0
    for name, share in profile.outcomes:
        upto += share
        if drawn < upto:
            return name
    return profile.outcomes[-1][0]


def assigned(line: Line, zone_name: str) -> tuple[str, str] | None:
    """Local times between which the line's moment lies; None where the line tells no moment."""
    if line.at is None:
        return None
    hours = chance(0, "assigned", str(line.line))
    before, after = (hours.randint(1, _LONGEST_HOURS) for _ in range(2))
    return _told(line.at, zone_name, before, -1), _told(line.at, zone_name, after, +1)


def _told(at: datetime, zone_name: str, hours: int, direction: int) -> str:
    """The local time so many hours away, or as many more as it takes to be told without doubt."""
    for more in count(hours):
        local = (at + direction * timedelta(hours=more)).astimezone(zone(zone_name))
        text = f"{local:%Y-%m-%dT%H:%M:%S}"
        if parse(text, zone_name).problem is None:
            return text
    raise AssertionError("a clock change does not last for ever")


def _line(profile: Profile, instrument: str, line: Line) -> Json:
    if instrument in PRESERVING:
        return {"line": str(line.line), "outcome": PRESERVED}
    found = outcome(profile, line)
    told: Json = {"line": str(line.line), "outcome": found}
    if found == REDIRECT:
        return told | {"redirect_to": REDIRECTS_TO}
    between = assigned(line, profile.zone)
    if found != IDENTIFIED or between is None:
        return told
    told["assigned_from"], told["assigned_to"] = between
    return told | {"subscriber": asdict(subscriber(line.line, line.ip))}
