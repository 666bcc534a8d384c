"""Named points at which a test may kill the process, as a power cut would.

Armed by `INTERLINK_FAULTS` (names, comma separated) and never in production: an armed process says so at start.
"""

import os
import signal
from collections.abc import Iterable

_armed: set[str] = set()


def arm(names: Iterable[str]) -> None:
    """Arm the named points, replacing what was armed before."""
    _armed.clear()
    _armed.update(name for name in names if name)


def fault(name: str) -> None:
    """Die here, without any clean-up, if the point is armed."""
    if name in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
