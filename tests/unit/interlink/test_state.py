"""What the supervisor writes is what others read; a state whose supervisor has gone is none."""

from pathlib import Path

import psutil
import pytest

from interlink.stack import running, state
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.state import Phase, ProcessState, ServerState, State


def of_supervisor(pid: int, created: float) -> State:
    return State(
        supervisor=pid,
        created=created,
        phase=Phase.RUNNING,
        doing="",
        issuer="http://127.0.0.1:1",
        services={"intake": "http://127.0.0.1:2"},
        sandbox={"receivers": "http://127.0.0.1:4"},
        postgres=ServerState(embedded=True, address="x", pid=3),
        kafka=ServerState(embedded=False, address="kafka.example.org:9092"),
        processes=[ProcessState(name="intake-api", service="intake", role="api", port=2, ready=True)],
    )


def test_a_state_survives_its_file(tmp_path: Path) -> None:
    written = of_supervisor(1, 2.5)
    state.write(tmp_path / "state.json", written)
    assert state.read(tmp_path / "state.json") == written


def test_a_living_supervisor_is_found(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    me = psutil.Process()
    state.write(home.state_file, of_supervisor(me.pid, me.create_time()))
    assert running.required(home).ready


def test_a_state_left_by_a_dead_supervisor_is_no_stack(tmp_path: Path) -> None:
    home = Home.open(tmp_path)
    # The process id was given to somebody else since: only with the start time does it name a process.
    state.write(home.state_file, of_supervisor(psutil.Process().pid, 1.0))
    assert running.current(home) is None
    with pytest.raises(StackError, match="interlink up"):
        running.required(home)


def test_a_home_with_a_long_path_keeps_its_control_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-rather-long-folder-name"] * 5)
    assert len(str(Home.open(deep).control)) <= 108
    assert Home.open(tmp_path / "h").control.parent == tmp_path / "h"
