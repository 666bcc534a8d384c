"""A worker frozen past its session time-out: the group gives its partitions away, and it comes back none the wiser."""

import signal

from interlink.faults.ground import WORKERS, Ground, signalled

KIND = "frozen past its session"
READY_SECONDS = 3.0
BEYOND_SECONDS = 3.0


def strike(ground: Ground) -> bool:
    """SIGSTOP, and SIGCONT when the session is over."""
    with ground.one_of(WORKERS, READY_SECONDS) as one:
        if one is None or not signalled(one, signal.SIGSTOP):
            return False
        try:
            ground.lasts(ground.size.session_seconds + BEYOND_SECONDS)
        finally:
            signalled(one, signal.SIGCONT)
        ground.struck(KIND)
        return True
