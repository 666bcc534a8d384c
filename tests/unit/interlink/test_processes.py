"""The process list is sound, and each process is told what it needs and nothing of others."""

from pathlib import Path

import pytest

from interlink.stack import ports, processes, secrets
from interlink.stack.layout import StackError
from interlink.stack.processes import KafkaAddress, Need, Restart, Surroundings

LIST = processes.load()


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(
        home=tmp_path,
        database_admin_url="postgresql://postgres@/postgres?host=/run/pg",
        kafka=KafkaAddress(bootstrap="127.0.0.1:19092", security="SASL_PLAINTEXT"),
        issuer="http://127.0.0.1:18080",
        secrets=secrets.complete({}),
    )


def named(name: str) -> processes.Process:
    return next(process for process in LIST if process.name == name)


def test_every_process_has_a_port_of_its_own() -> None:
    declared = ports.declared()
    assert [process.port for process in LIST if process.port not in declared] == []
    assert len({process.port for process in LIST}) == len(LIST)


def test_consumers_are_replaced_and_doors_overlap() -> None:
    for process in LIST:
        consuming = "consume" in process.arguments
        assert process.restart is (Restart.REPLACE if consuming else Restart.OVERLAP)
        assert (Need.KAFKA in process.needs) is consuming  # a door works while Kafka is away


def test_a_process_is_told_its_own_credentials_only(around: Surroundings) -> None:
    told = processes.environment(named("routing-worker"), around)
    assert told["ROUTING_KAFKA_USER"] == "routing"
    assert told["ROUTING_API_DATABASE_URL"].startswith("postgresql://routing_api:")
    assert told["KEYRING_DATABASE_URL"].startswith("postgresql://routing_system:")
    for name, secret in around.secrets.items():
        foreign = name.startswith(("kafka.", "postgres.", "audit.")) and "routing" not in name
        if foreign or name == "sandbox" or name.endswith("_owner"):
            assert not any(secret in value for value in told.values()), name


def test_only_migrations_get_the_owners_credentials(around: Surroundings) -> None:
    told = processes.migration_environment("intake", around)
    assert told["INTAKE_OWNER_DATABASE_URL"].startswith("postgresql://intake_owner:")
    assert not any("OWNER" in name for name in processes.environment(named("intake-api"), around))


def test_the_sandbox_knows_no_key_of_the_suite(around: Surroundings) -> None:
    told = processes.environment(named("issuer"), around)
    assert around.secrets["master"] not in told.values()
    assert told["SANDBOX_SECRET"] == around.secrets["sandbox"]


def test_no_two_consumers_share_a_member_name(around: Surroundings) -> None:
    names = [
        processes.environment(process, around)[f"{process.service.upper()}_CONSUMER_INSTANCE"]
        for process in LIST
        if process.service != processes.SANDBOX
    ]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [('service = "payroll"', "payroll"), ('name = "twice"', "same name")],
)
def test_a_wrong_list_is_refused_in_words(tmp_path: Path, wrong: str, words: str) -> None:
    entry = """
[[process]]
name = "{name}"
service = "intake"
role = "api"
arguments = ["intake", "api"]
port = "{name}"
socket = "INTAKE_HTTP_FD"
needs = []
restart = "overlap"
"""
    text = entry.format(name="one") + entry.format(name="two")
    if wrong.startswith("service"):
        text = text.replace('service = "intake"', wrong, 1)
    else:
        text = text.replace('name = "one"', wrong).replace('name = "two"', wrong)
    (tmp_path / "processes.toml").write_text(text)
    with pytest.raises(StackError, match=words):
        processes.load(tmp_path / "processes.toml")
