"""What an operator does with one command, on the running stack, as a person types it."""

import asyncio
import base64
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
from confluent_kafka import Producer
from suite.running import Suite

from contracts import envelope, ids, registry
from contracts.envelope import Envelope
from contracts.events.identifications import IdentificationCompleted
from interlink.observing import dead_letters
from interlink.stack.servers import Broker
from kit.testing.eventually import eventually
from sandbox.generator.files import files

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life
SERVICES = ("intake", "routing", "isp-liaison", "notifications")
READERS = ("intake", "notifications", "routing")
"""Who reads `interlink.identifications`."""
TOPIC = registry.IDENTIFICATIONS.name
BROKEN = b'{"entry": "no id", "outcome": "no_record"}'
"""Breaks its schema, and is what the guide's subscriber prints of an event all the same: it reads this topic, too."""


@dataclass(frozen=True)
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    errors: str

    @property
    def lines(self) -> list[Any]:
        """One JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


async def interlink(suite: Suite, *arguments: str, expected: int | None = 0) -> Said:
    """`interlink …` in a process of its own; any exit code will do where none is expected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "interlink", *arguments),
        env={"PATH": "/usr/bin:/bin", "INTERLINK_HOME": str(suite.home.folder), "COLUMNS": "300"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, errors = await process.communicate()
    said = Said(process.returncode or 0, out.decode(), errors.decode())
    assert expected in (None, said.code), said.out + said.errors
    return said


async def status(suite: Suite) -> Any:
    """`interlink status --json`, whose exit code says whether anything is wrong."""
    said = await interlink(suite, "status", "--json", expected=None)
    told = json.loads(said.out)
    assert said.code == bool(told["problems"])
    return told


async def test_status_tells_everything_that_an_operator_asks_first(suite: Suite) -> None:
    await suite.ready()
    said = await status(suite)

    processes = {each["name"]: each for each in said["processes"]}
    assert set(processes) == {
        "issuer", "providers", "receivers", "postgres", "kafka",
        *(f"{service}-{role}" for service in SERVICES for role in ("api", "worker")),
    }  # fmt: skip
    for each in processes.values():
        assert set(each) == {"name", "service", "role", "pid", "port", "memory", "ready", "restarts"}
        assert each["ready"]
        assert each["memory"] > 2**20, each["name"]
    assert processes["routing-worker"]["role"] == "consume work"
    assert processes["intake-api"]["pid"] == suite.pid("intake-api")
    assert said["services"] == {service: suite.url(service) for service in SERVICES}
    assert said["services"]["intake"].endswith(f":{processes['intake-api']['port']}")
    assert said["kafka"] == suite.state.kafka.address
    lag = {(each["service"], each["topic"]) for each in said["lag"]}
    assert {("routing", "interlink.suspects"), ("intake", "interlink.jurisdictions"), ("intake", TOPIC)} <= lag
    assert set(said["outbox"]) == set(SERVICES)
    assert set(said["outbox"]["intake"]) == {"rows", "oldest_seconds", "dead"}
    assert set(said["due"]) == set(SERVICES)
    assert set(said["due"]["intake"]) == {"kind", "oldest_seconds"}
    assert set(said["last_commit"]) == set(SERVICES)
    assert isinstance(said["dead_letters"], dict)
    assert said["phase"] == "running"


async def test_status_names_a_service_that_is_not_ready_in_words(suite: Suite) -> None:
    await suite.ready()
    before = (await status(suite))["problems"]  # an earlier death is told for a while, with how often it was
    suite.kill("routing-worker")

    async def told() -> bool:
        new = set((await status(suite))["problems"]).difference(before)
        return any(words.startswith("routing-worker ") for words in new)

    await eventually(told, within=30)
    await suite.ready()


async def test_topics_lists_what_flows_where(suite: Suite) -> None:
    shown = (await interlink(suite, "topics")).out
    lines = {words[0]: words for line in shown.splitlines() if (words := line.split())}
    assert {topic.name for topic in registry.TOPICS} <= set(lines)
    assert lines["interlink.suspects"][1] == "intake"
    assert ".dlq." not in shown
    assert f"{TOPIC}.dlq.interlink.routing" in (await interlink(suite, "topics", "--all")).out


async def test_a_password_of_nobody_is_refused_in_words(suite: Suite) -> None:
    said = await interlink(suite, "topics", "--password", "nobody", expected=1)
    assert "no user nobody" in said.errors
    assert said.out == ""


async def test_token_gives_a_client_what_it_asks_for_and_no_more(suite: Suite) -> None:
    def claims(said: Said) -> Any:
        payload = said.out.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    told = claims(await interlink(suite, "token", "bureau-nl", "--scope", "referrals:read"))
    assert (told["tenant"], told["scope"], told["aud"]) == ("partner:bureau-nl", "referrals:read", "interlink")
    refused = await interlink(suite, "token", "bureau-nl", "--scope", "audit:read", expected=1)
    assert "bureau-nl" in refused.errors


async def test_outbox_jobs_and_migrate_say_how_the_databases_are(suite: Suite) -> None:
    await suite.ready()

    async def empty() -> bool:
        return "Every outbox is empty." in (await interlink(suite, "outbox")).out

    await eventually(empty, within=30)
    jobs = (await interlink(suite, "jobs")).out
    assert "assignment.overdue" in jobs
    assert "idempotency.forget" in jobs
    unknown = await interlink(suite, "jobs", "--requeue", str(ids.new()), expected=1)
    assert "No service has a dead job" in unknown.errors
    migrated = (await interlink(suite, "migrate")).out
    assert all(f"{service} is at this build's schema." in migrated for service in SERVICES)


async def test_a_dead_job_runs_again_when_an_operator_says_so(suite: Suite) -> None:
    job = ids.new()
    await suite.rows(
        "INSERT INTO routing.job (id, kind, key, due_at, tenant, payload, state, attempts, error) "
        "VALUES ($1, 'assignment.overdue', 'planted', now(), 'centre', '{}', 'dead', 12, 'SyntheticError')",
        job,
    )
    assert "SyntheticError" in (await interlink(suite, "jobs")).out
    assert any("dead" in problem for problem in (await status(suite))["problems"])
    assert str(job) in (await interlink(suite, "jobs", "--requeue", str(job))).out

    async def alive() -> bool:
        (row,) = await suite.rows("SELECT state, attempts FROM routing.job WHERE id = $1", job)
        return (row["state"], row["attempts"]) == ("pending", 0)

    await eventually(alive)
    await suite.rows("DELETE FROM routing.job WHERE id = $1", job)


async def test_the_audit_is_sound_until_somebody_edits_it(suite: Suite) -> None:
    await suite.ready()
    (made,) = files(5002, 1, 2, now=NOW)
    (entry, *_) = sorted(await suite.entries_of([await suite.deliver("bureau-nl", made.body)]))
    await suite.settled({entry})
    async with suite.client("routing", "coordinator") as http:
        assert (await http.get(f"/v1/suspects/{entry}")).status_code == 200

    async def sealed() -> int | None:
        rows = await suite.rows(
            "SELECT e.id FROM routing.audit_entry e JOIN routing.audit_seal s ON s.entry = e.id WHERE e.subject = $1",
            str(entry),
        )
        return rows[0]["id"] if rows else None

    found = await eventually(sealed)
    assert "routing: " in (await interlink(suite, "audit", "verify")).out
    async with _edited(suite, found):
        said = await interlink(suite, "audit", "verify", expected=1)
        assert "edit at position" in said.out
        assert f"entry {found}" in said.out
        assert "sound" in said.out.partition("routing:")[0], "the other service's audit is as it was"
    assert "problems" not in (await interlink(suite, "audit", "verify", "--service", "routing")).out


@asynccontextmanager
async def _edited(suite: Suite, entry: int) -> AsyncIterator[None]:
    """One audit entry says something else for a while, by one who may do everything."""
    connection = await asyncpg.connect(suite.database_url)
    try:
        await connection.execute("SET session_replication_role = replica")  # the trigger would refuse
        edit = "UPDATE routing.audit_entry SET purpose = $2 WHERE id = $1"
        before = await connection.fetchval("SELECT purpose FROM routing.audit_entry WHERE id = $1", entry)
        await connection.execute(edit, entry, "something else")
        yield
        await connection.execute(edit, entry, before)
    finally:
        await connection.close()


def produce(suite: Suite, headers: list[tuple[str, bytes]], payload: bytes, key: bytes = b"synthetic") -> None:
    """A record that no service of ours would write."""
    producer = Producer({**Broker(home=suite.home).admin_settings, "acks": "all"})
    producer.produce(TOPIC, payload, key, headers=headers)
    assert producer.flush(30) == 0


def about_nobody() -> bytes:
    """A good answer about a suspect that nobody knows."""
    event = IdentificationCompleted(
        entry=ids.new(),
        kind="suspect",
        referral=ids.new(),
        request=ids.new(),
        line=ids.new(),
        outcome="no_record",
        completed_at=NOW,
    )
    return event.model_dump_json(exclude_none=True).encode()


def poisoned(event: UUID) -> list[tuple[str, bytes]]:
    """A good envelope around a body that breaks its schema."""
    declared = registry.of(IdentificationCompleted)
    return envelope.encode(
        Envelope(
            id=event,
            type=declared.type,
            source="/interlink/isp-liaison",
            subject="synthetic",
            partitionkey="synthetic",
            time=NOW,
            dataschema=declared.dataschema,
            correlationid=str(event),
            sequence=1,
            tenant="centre",
            testmode=True,
            handling="NONE",
            priority="P4",
        )
    )


async def letters(suite: Suite, *arguments: str) -> list[Any]:
    """`interlink dlq list --json`."""
    return (await interlink(suite, "dlq", "list", "--json", *arguments)).lines


async def written(suite: Suite, count: int) -> None:
    """Wait until that many letters stand on the broker, copies of one record included."""
    topics = dead_letters.dead_letter_topics()

    async def found() -> bool:
        return len(await asyncio.to_thread(dead_letters.read_all, suite.home, topics)) == count

    await eventually(found, within=30)


def plant(suite: Suite, event: UUID) -> None:
    """A record without an envelope, one that breaks its schema, and a good one behind that."""
    produce(suite, [], b"\xff no envelope at all", b"stray")
    produce(suite, poisoned(event), BROKEN)
    produce(suite, poisoned(ids.new()), about_nobody())


async def nothing_waits(suite: Suite) -> bool:
    """What stood behind a dead letter has gone on."""
    return not any((await status(suite))["parked"].values())


async def test_dead_letters_are_listed_shown_given_back_and_dropped(suite: Suite) -> None:
    await suite.ready()
    if await letters(suite):
        await interlink(suite, "dlq", "drop", "--all")
    acts_before, event = await operators_acts(suite), ids.new()
    plant(suite, event)

    # The rest proceeds, and each reader has given up on both.
    (made,) = files(5003, 1, 5, now=NOW)
    await suite.settled(await suite.entries_of([await suite.deliver("bureau-nl", made.body)]))
    await written(suite, 2 * len(READERS))
    listed = await letters(suite)
    assert len(listed) == 2 * len(READERS)
    assert {letter["group"] for letter in listed} == {f"interlink.{service}" for service in READERS}
    assert len({letter["origin"] for letter in listed}) == 2
    assert all(letter["origin"].startswith(f"{TOPIC}/") for letter in listed)
    told = await status(suite)
    assert sum(told["dead_letters"].values()) == 2 * len(READERS)
    assert any("dead letters in" in problem for problem in told["problems"])
    # The good event of the same key waits, but where the newest state counts alone.
    assert told["parked"] == {"intake": 0, "routing": 1, "isp-liaison": 0, "notifications": 1}
    assert any("behind a dead letter" in problem for problem in told["problems"])

    of_routing = await letters(suite, "--service", "routing")
    assert of_routing == [letter for letter in listed if letter["group"] == "interlink.routing"]
    (bad,) = [letter for letter in of_routing if letter["type"] == registry.of(IdentificationCompleted).type]
    shown = json.loads((await interlink(suite, "dlq", "show", bad["letter"])).out)
    assert shown["headers"]["ce_id"] == str(event)
    assert shown["payload"] == BROKEN.decode()
    assert shown["error"]

    # Given back it fails again, is the same record still, and only routing sees it.
    dry = await interlink(suite, "dlq", "replay", bad["letter"], "--dry-run")
    assert f"{TOPIC}.replay.interlink.routing" in dry.out
    await interlink(suite, "dlq", "replay", bad["letter"])
    await written(suite, 2 * len(READERS) + 1)
    again = await letters(suite)
    assert len(again) == 2 * len(READERS)
    (newer,) = [letter for letter in again if letter["letter"] not in {each["letter"] for each in listed}]
    assert (newer["origin"], newer["group"]) == (bad["origin"], "interlink.routing")

    refused = await interlink(suite, "dlq", "show", "interlink.nothing/0/0", expected=1)
    assert "There is no dead letter" in refused.errors
    await interlink(suite, "dlq", "drop", "--all", "--service", "routing")
    assert {letter["group"] for letter in await letters(suite)} == {"interlink.intake", "interlink.notifications"}
    await interlink(suite, "dlq", "drop", "--all")
    assert "There are no dead letters." in (await interlink(suite, "dlq", "list")).out
    await eventually(lambda: nothing_waits(suite))
    acts = await operators_acts(suite) - acts_before
    assert acts == Counter({"dead_letter.replayed": 1, "dead_letter.dropped": 3})


async def operators_acts(suite: Suite) -> Counter[str]:
    """What routing's audit says that operators did."""
    return Counter(
        row["action"] for row in await suite.rows("SELECT action FROM routing.audit_entry WHERE client = 'cli'")
    )


async def test_the_demo_proves_itself(suite: Suite) -> None:
    await suite.ready()
    said = await interlink(suite, "demo", "--once", "--json", "--suspects", "40")
    told = json.loads(said.out)
    assert told["problems"] == []
    assert told["posted"] == 13
    assert told["accepted"] == told["assigned"] > 40
    assert told["approved"] == told["submitted"] > 0
    assert told["drafted"] >= told["sent"] > 0
    assert told["completed"]["subscriber_identified"] > 0
    assert told["notices"] == told["delivered"] == told["acknowledged"] > 0
    assert told["moved"] > 0
    assert len(told["rejected"]) > 0
