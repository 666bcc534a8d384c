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
        addresses={process.name: f"http://127.0.0.1:{20_000 + place}" for place, process in enumerate(LIST)},
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
        alone = consuming or process.name in ("providers", "receivers")  # two would tear one journal
        assert process.restart is (Restart.REPLACE if alone else Restart.OVERLAP)
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


@pytest.mark.parametrize("name", ["issuer", "providers", "receivers"])
def test_the_sandbox_knows_no_key_of_the_suite(around: Surroundings, name: str) -> None:
    told = processes.environment(named(name), around)
    for secret in ("master", "index", "webhook", "audit.isp_liaison"):
        assert not any(around.secrets[secret] in value for value in told.values())


def test_who_needs_tokens_gets_the_secret_that_theirs_are_derived_from(around: Surroundings) -> None:
    told = {name: processes.environment(named(name), around) for name in ("issuer", "providers", "receivers")}
    assert told["issuer"]["SANDBOX_SECRET"] == told["providers"]["SANDBOX_SECRET"] == around.secrets["sandbox"]
    assert around.secrets["sandbox"] not in told["receivers"].values()


def test_liaison_and_the_providers_share_the_secrets_that_requests_are_signed_with(around: Surroundings) -> None:
    ours = processes.environment(named("isp-liaison-worker"), around)
    theirs = processes.environment(named("providers"), around)
    assert ours["ISP_LIAISON_CHANNEL_SECRETS"] == theirs["SANDBOX_PROVIDER_SECRETS"]
    assert f"provider-east={around.addresses['providers']}/east" in ours["ISP_LIAISON_SANDBOX_CHANNELS"]
    assert theirs["SANDBOX_LIAISON_URL"] == around.addresses["isp-liaison-api"]


def test_a_service_may_call_one_port_of_this_machine_at_most(around: Surroundings) -> None:
    allowed = {
        process.service: processes.environment(process, around).get("INTERLINK_ALLOWED_HOSTS")
        for process in LIST
        if process.service != processes.SANDBOX
    }
    assert allowed == {
        "intake": None,
        "routing": None,
        "isp-liaison": around.addresses["providers"].removeprefix("http://"),
        "notifications": around.addresses["receivers"].removeprefix("http://"),
    }


def test_no_two_consumers_share_a_member_name(around: Surroundings) -> None:
    names = [
        processes.environment(process, around)[f"{secrets.schema_of(process.service).upper()}_CONSUMER_INSTANCE"]
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
