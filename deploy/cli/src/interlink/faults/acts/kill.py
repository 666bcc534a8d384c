"""kill -9 of a random process that has been ready for three seconds, again and again, whatever else happens."""

import signal
import threading
import time

from interlink.faults.ground import Ground, signalled
from interlink.stack.state import ProcessState

KIND = "kill -9 at random"
READY_SECONDS = 3.0
BACK_SECONDS = 60.0


def kill_until_over(ground: Ground) -> None:
    """One every few seconds, each measured until its successor is ready."""
    measuring: list[threading.Thread] = []
    while not ground.over.wait(ground.size.kill_every):
        one = ground.chosen(ground.watch.ready(READY_SECONDS))
        if one is None:
            continue
        measuring.append(threading.Thread(target=_killed, args=(ground, one), name=f"kill {one.name}"))
        measuring[-1].start()
    for thread in measuring:
        thread.join()


def once(ground: Ground) -> bool:
    """One of them."""
    one = ground.chosen(ground.watch.ready(READY_SECONDS))
    return one is not None and _killed(ground, one)


def _killed(ground: Ground, one: ProcessState) -> bool:
    try:
        if not signalled(one, signal.SIGKILL):
            return False
        began = time.monotonic()
        strike = ground.struck(KIND)
        if ground.wait_for(lambda: _is_back(ground, one), BACK_SECONDS):
            strike.recovered = time.monotonic() - began
        else:
            strike.fault = f"{one.name} was not ready again within {BACK_SECONDS:.0f} s"
        return True
    finally:
        ground.released(one.name)


def _is_back(ground: Ground, one: ProcessState) -> bool:
    now = ground.watch.process(one.name)
    return now.ready and now.pid != one.pid
