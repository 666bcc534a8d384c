"""kill -9 exactly between two steps: each named point of the code in turn, in a process that passes it.

The process is killed, its next start is armed (`kit.faults`), and work drives it into the point; the start after
that is an ordinary one again.
"""

import signal
import time

from interlink.faults.ground import WORKERS, Ground, signalled
from interlink.stack import control
from interlink.stack.state import ProcessState

REACH_SECONDS = 60.0
BACK_SECONDS = 60.0
POINTS: dict[str, tuple[str, ...]] = {
    "intake.committed": ("intake-api",),
    "intake.settled": ("intake-api",),
    "relay.published": ("intake-api", "routing-worker"),
    "consumer.before_commit": WORKERS,
    "consumer.committed": WORKERS,
    "job.claimed": ("isp-liaison-worker", "notifications-worker"),
    "job.called": ("isp-liaison-worker", "notifications-worker"),
}
"""Between commit and reply, of a file and of a batch; publish and delete; effects and commit; commit and offset; claim
and call; call and result. With the processes that pass there under any load within seconds: for half a minute of quiet
nobody is told anything, so neither liaison nor notifications is sure to have something to relay."""


def strike(ground: Ground, point: str) -> bool:
    """Kill a process at the point."""
    kind = f"kill -9 at {point}"
    with ground.one_of(POINTS[point]) as one:
        if one is None:
            return False
        control.ask(ground.home.control, {"do": "arm", "process": one.name, "points": point})
        if not signalled(one, signal.SIGKILL):
            return False
        armed = _successor(ground, one)
        if armed is None:
            ground.struck(kind, fault=f"{one.name} was not started again")
            return True
        died = ground.wait_for(lambda: ground.watch.process(one.name).pid != armed.pid, REACH_SECONDS)
        if not died:
            signalled(armed, signal.SIGKILL)  # an armed process must not outlive its fault
        began = time.monotonic()
        note = ground.struck(kind, fault="" if died else f"{one.name} did not pass it in {REACH_SECONDS:.0f} s")
        if ground.wait_for(lambda: _is_back(ground, armed), BACK_SECONDS):
            note.recovered = time.monotonic() - began
        else:
            note.fault = f"{one.name} was not ready again within {BACK_SECONDS:.0f} s"
        return True


def _successor(ground: Ground, one: ProcessState) -> ProcessState | None:
    def runs() -> bool:
        return ground.watch.process(one.name).pid not in (None, one.pid)

    return ground.watch.process(one.name) if ground.wait_for(runs, BACK_SECONDS) else None


def _is_back(ground: Ground, armed: ProcessState) -> bool:
    now = ground.watch.process(armed.name)
    return now.ready and now.pid != armed.pid
