"""A fault takes its process before that is ready, and nobody else touches it meanwhile; faults have their names."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import psutil
import pytest

from interlink.faults import run, sizes
from interlink.faults.acts import catalogue
from interlink.faults.ground import Ground
from interlink.faults.watch import Watch
from interlink.stack import state
from interlink.stack.home import Home
from interlink.stack.state import Phase, ProcessState, ServerState, State

NAMES = ("routing-worker", "intake-worker")


def tell(home: Home, *, ready: bool) -> None:
    """What a supervisor would say; it is this process."""
    this = psutil.Process()
    processes = [
        ProcessState(name=name, service="routing", role="consume work", port=1, pid=this.pid, ready=ready)
        for name in NAMES
    ]
    said = State(
        supervisor=this.pid,
        created=this.create_time(),
        phase=Phase.RUNNING,
        doing="",
        issuer="",
        services={},
        sandbox={},
        postgres=ServerState(embedded=True),
        kafka=ServerState(embedded=True),
        processes=processes,
    )
    state.write(home.state_file, said)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    home = Home.open(tmp_path)
    tell(home, ready=False)
    with Watch(home) as watch:
        yield Ground(home=home, size=sizes.SHORT, watch=watch, random=Random(1))


def test_a_process_is_taken_before_it_is_ready_and_given_when_it_is(ground: Ground) -> None:
    inside, done = threading.Event(), threading.Event()

    def fault() -> str:
        with ground.one_of(NAMES[:1]) as one:
            inside.set()
            done.wait(10)
            return one.name if one is not None else ""

    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(fault)
        assert ground.wait_for(lambda: bool(ground.reserved), 10)
        assert not inside.is_set(), "it is not ready yet"
        tell(ground.home, ready=True)
        assert inside.wait(10)
        other = ground.chosen(ground.watch.ready())
        assert other is not None
        assert other.name == NAMES[1]
        assert ground.chosen(ground.watch.ready()) is None, "both are taken"
        done.set()
        assert running.result(10) == NAMES[0]
    assert ground.reserved == {NAMES[1]}


def test_nobody_is_given_once_it_is_over(ground: Ground) -> None:
    ground.over.set()
    with ground.one_of(NAMES) as one:
        assert one is None
    assert ground.reserved == set()


def test_the_database_is_lost_in_the_long_size_or_where_it_is_named() -> None:
    assert catalogue.loses(sizes.LONG, [])
    assert not catalogue.loses(sizes.SHORT, [])
    assert catalogue.loses(sizes.SHORT, ["kills", "restore"])
    assert not catalogue.loses(sizes.LONG, ["kills"])
    assert (
        sum(len(lane) for lane in catalogue.lanes(sizes.LONG, Random(1))) == len(catalogue.everything(sizes.LONG)) - 1
    )
    assert "restore" in catalogue.everything(sizes.SHORT)


def test_every_service_is_told_where_its_clock_may_be_moved(tmp_path: Path) -> None:
    options = sizes.SHORT.options(Home.open(tmp_path))
    assert options["ISP_LIAISON_CLOCK_FAULTS"] == str(tmp_path / "clocks")
    assert options["ROUTING_SESSION_SECONDS"] == "6.0"


def test_a_fault_that_there_was_nobody_to_do_to_has_its_turn_again(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "PAUSE_SECONDS", (0.0, 0.0))
    outcomes = iter([False, True])

    def first(_ground: Ground) -> bool:
        return True

    def second(struck: Ground) -> bool:
        done = next(outcomes)
        if done:
            struck.over.set()
        return done

    missing = {first, second}
    run._lane(ground, [first, second], missing)
    assert (missing, list(outcomes)) == (set(), [])
