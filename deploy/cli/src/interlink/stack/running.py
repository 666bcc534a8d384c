"""A stack in the background, as other commands see it: started, waited for, stopped."""

import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import psutil

from interlink.stack import control, kafka, postgres, state
from interlink.stack.environment import of_supervisor
from interlink.stack.home import Home
from interlink.stack.layout import StackError, last_lines
from interlink.stack.preparing import end_leftovers, started_at
from interlink.stack.servers import Broker, Database
from interlink.stack.state import Phase, State

START_SECONDS = 300  # the first start downloads
STOP_SECONDS = 120
LOG = "supervisor"
NOTHING: Mapping[str, str] = MappingProxyType({})

_launched: "dict[Path, subprocess.Popen[bytes]]" = {}
"""Supervisors that this process started: kept, because a dropped one that still runs is warned of."""


def current(home: Home) -> State | None:
    """The state of a stack whose supervisor lives, else `None`."""
    found = state.read(home.state_file)
    if found is None or started_at(found.supervisor) != found.created:
        return None
    return found


def required(home: Home) -> State:
    """The state of the running stack. Raises `StackError` when there is none."""
    found = current(home)
    if found is None:
        raise StackError(f"No stack is running in {home.folder}. Start it: interlink up --detach")
    return found


def start(home: Home, tell: Callable[[str], None], options: Mapping[str, str] = NOTHING) -> State:
    """Start the stack in the background unless it runs, and wait until everything is ready.

    `options` of services (`ROUTING_SESSION_SECONDS`) reach every process of a stack that is started here.

    Raises `StackError` with what its supervisor said when it ends, or names who is not ready in time.
    """
    home.create()
    supervisor = _launch(home, options) if current(home) is None else None
    deadline = time.monotonic() + START_SECONDS
    told = ""
    while time.monotonic() < deadline:
        if supervisor is not None and supervisor.poll() is not None:
            raise StackError(f"The stack did not start:\n{last_lines(home.log(LOG), 20)}")
        found = current(home)
        if found is not None and found.doing not in ("", told):
            told = found.doing
            tell(told)
        if found is not None and found.phase is Phase.RUNNING:
            return _ready(found)
        time.sleep(0.05)
    raise StackError(f"The stack is not up after {START_SECONDS} s. See {home.log(LOG)}")


def stop(home: Home) -> bool:
    """Stop everything of this home, in order, whoever started it. False if nothing ran.

    Raises `StackError` when it does not end in time.
    """
    found = current(home)
    if found is None:
        end_leftovers(state.read(home.state_file))
        ran = Broker(home=home).pid is not None or Database(home=home).pid is not None
        Broker(home=home).stop()
        Database(home=home).stop()
        home.state_file.unlink(missing_ok=True)
        return ran
    control.ask(home.control, {"do": "stop"})
    try:
        launched = _launched.pop(home.folder, None)
        if launched is not None:
            launched.wait(STOP_SECONDS)  # our own child: nobody else takes its exit code
        psutil.Process(found.supervisor).wait(STOP_SECONDS)
    except psutil.NoSuchProcess:
        return True
    except (psutil.TimeoutExpired, subprocess.TimeoutExpired) as error:
        raise StackError(f"The stack is still stopping after {STOP_SECONDS} s. See {home.log(LOG)}") from error
    return True


def wipe(home: Home) -> None:
    """Stop everything and delete all data of this home."""
    stop(home)
    kafka.wipe(home.kafka)
    postgres.wipe(home.postgres)
    home.wipe()


def _ready(found: State) -> State:
    late = [process for process in found.processes if not process.ready]
    if late:
        words = "\n".join(f"{process.name} {process.reason}: see {process.log}" for process in late)
        raise StackError(f"The stack runs, but not everything is ready:\n{words}")
    return found


def _launch(home: Home, options: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    with home.log(LOG).open("wb") as output:
        _launched[home.folder] = subprocess.Popen(
            [sys.executable, "-m", "interlink", "up"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=of_supervisor(home.folder, options),
            start_new_session=True,
        )
    return _launched[home.folder]
