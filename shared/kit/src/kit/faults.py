"""What a test may do to a process from within: kill it at a named point, as a power cut would, or move its clock.

Armed by `INTERLINK_FAULTS` (names, comma separated) and `<SERVICE>_CLOCK_FAULTS` (a folder), never in production: an
armed process says so at start.
"""

import os
import signal
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from kit.time import Clock

_armed: set[str] = set()


def arm(names: Iterable[str]) -> None:
    """Arm the named points, replacing what was armed before."""
    _armed.clear()
    _armed.update(name for name in names if name)


def fault(name: str) -> None:
    """Die here, without any clean-up, if the point is armed."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)


class JumpingClock:
    """Another clock, so many seconds off as a file says at that moment; right where there is no file."""

    def __init__(self, clock: Clock, file: Path) -> None:
        """`clock` is the one that is right."""
        self._clock = clock
        self._file = file

    def now(self) -> datetime:
        """The moment, as wrong as it is told to be."""
        try:
            seconds = float(self._file.read_text())
        except FileNotFoundError:
            return self._clock.now()
        return self._clock.now() + timedelta(seconds=seconds)
