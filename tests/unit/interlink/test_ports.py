"""A stack takes its usual ports when it can, and others when it must."""

import json
import socket
from pathlib import Path

from interlink.stack import ports

USUAL = {"kafka": 100, "issuer": 200}


def test_a_first_stack_takes_the_usual_ports() -> None:
    assert ports.choose(USUAL, {}, free=lambda _: True, other=lambda: 999) == USUAL


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    chosen = ports.choose(USUAL, {}, free=lambda port: port != 200, other=lambda: 999)
    assert chosen == {"kafka": 100, "issuer": 999}


def test_a_stack_comes_back_on_the_ports_it_had() -> None:
    chosen = ports.choose(USUAL, {"issuer": 777}, free=lambda _: True, other=lambda: 999)
    assert chosen == {"kafka": 100, "issuer": 777}


def test_the_same_port_is_never_given_twice() -> None:
    offered = iter([998, 998, 999])
    chosen = ports.choose(USUAL, {}, free=lambda _: False, other=lambda: next(offered))
    assert chosen == {"kafka": 998, "issuer": 999}


def test_the_declared_ports_cover_kafka_and_every_process() -> None:
    declared = ports.declared()
    assert {"kafka", "kafka-controller", "issuer", "intake-api", "routing-api"} <= declared.keys()
    assert len(set(declared.values())) == len(declared)


def test_a_second_stack_finds_other_ports_and_writes_them_down(tmp_path: Path) -> None:
    with socket.create_server((ports.HOST, 0)) as taken:
        busy = taken.getsockname()[1]
        assert not ports.is_free(busy)
        (tmp_path / "ports.json").write_text(json.dumps({"issuer": busy}))
        settled = ports.settled(tmp_path / "ports.json")
    assert settled["issuer"] != busy
    assert ports.recorded(tmp_path / "ports.json") == settled


def test_a_stack_apart_takes_none_of_the_usual_ports_and_none_of_the_systems(tmp_path: Path) -> None:
    apart = ports.apart(tmp_path / "ports.json")
    assert apart.keys() == ports.declared().keys()
    assert set(apart.values()).isdisjoint(ports.declared().values())
    assert max(apart.values()) < int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert ports.settled(tmp_path / "ports.json") == apart
