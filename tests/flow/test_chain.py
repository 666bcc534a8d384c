"""A morning's whole life over all four services, by ids: nobody is lost, asked about twice, or left untold."""

from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic
from suite.chain import Chain, chain
from suite.running import Suite, all_of, everything

from contracts import registry
from interlink.stack.kafka import admin_client
from interlink.stack.servers import Broker
from kit.testing.eventually import eventually
from sandbox.generator.morning import Morning, morning
from sandbox.providers.subscribers import MARK

NOW = datetime.now(UTC)  # noqa: TID251 - captures must be of these days, as in life

RECORDS = """
    SELECT h.entry, a.record, a.outcome, h.holder_tenant
    FROM routing.answer a JOIN isp_liaison.holder h ON h.entry = a.entry
    WHERE a.entry = ANY($1) AND a.record IS NOT NULL
"""
STANDING_STILL = """
    SELECT d.entry FROM routing.determination d JOIN routing.answer a ON a.entry = d.entry
    WHERE d.entry = ANY($1) AND a.outcome = 'subscriber_identified'
    GROUP BY d.entry HAVING (array_agg(d.branch ORDER BY d.version DESC))[1] = 'canada_unidentified'
"""
TABLES = """
    SELECT n.nspname || '.' || c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg%' AND n.nspname <> 'information_schema' ORDER BY 1
"""


async def posted(suite: Suite, made: Morning) -> set[UUID]:
    """The accepted entries of a morning's file and reports."""
    file = await suite.deliver("bureau-nl", made.file)
    reports = await all_of(
        *[
            suite.deliver("clearinghouse", report.body, report.media_type, Interlink_Reference=report.reference)
            for report in made.reports
        ]
    )
    return await suite.entries_of([file, *reports])


async def lived(suite: Suite, acting: Chain, made: Morning) -> set[UUID]:
    """From the posts until everything was asked, answered, applied and told."""
    entries = await posted(suite, made)
    await suite.settled(entries)
    await acting.identified(entries)
    await acting.applied(entries)
    await suite.settled(entries)
    await acting.told(entries)
    return entries


async def test_every_suspect_is_asked_about_once_and_everyone_who_must_act_is_told(suite: Suite) -> None:
    await suite.ready()
    async with chain(suite) as acting:
        entries = await lived(suite, acting, morning(31, 120, 4, now=NOW))
        asked = await acting.to_ask(entries)
        assert len(asked) > 30
        lines = await acting.lines(entries)
        produced = {row["entry"] for row in lines if row["instrument"] == "production_order"}
        assert asked <= produced

        # Each line stands at the providers under one number, however often it was sent.
        at_providers = await acting.received_by_providers()
        assert {str(row["line"]) for row in lines} <= set(at_providers)
        assert {number for line, number in at_providers.items()} == {1}

        # Each answer is told once per suspect and line, in order, and moves the suspect from the centre.
        completed = await acting.completed()
        wanted = {(row["entry"], row["line"]) for row in lines if row["instrument"] == "production_order"}
        assert {key: completed[key] for key in wanted} == dict.fromkeys(wanted, 1)
        assert await suite.rows(STANDING_STILL, list(entries)) == []
        sequences = await _sequences(suite)
        for entry in produced:
            assert sequences[str(entry)] == list(range(1, len(sequences[str(entry)]) + 1)), entry

        # What notifications calls delivered, an agency's own system verified.
        assert await acting.not_received() == {}

        await _acknowledged(suite, acting, entries)


async def _sequences(suite: Suite) -> dict[str, list[int]]:
    """The sequence numbers of each subject as they first stand on the topic."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    seen: set[object] = set()
    for told, _ in await suite.records(registry.IDENTIFICATIONS):
        if told.id not in seen:
            seen.add(told.id)
            found[told.subject].append(told.sequence)
    return found


async def _acknowledged(suite: Suite, acting: Chain, entries: set[UUID]) -> None:
    """Officers of one agency read their notices; another agency's officer can do nothing with them."""
    (one,) = await suite.rows(
        """SELECT n.id, n.agency FROM notifications.notice n JOIN routing.entry e ON e.referral = n.referral
           WHERE e.id = ANY($1) AND n.state = 'frozen' AND n.agency LIKE 'ice-%' ORDER BY n.id LIMIT 1""",
        list(entries),
    )
    stranger = "officer-police-calgary"
    async with suite.client("notifications", stranger) as http:
        refused = await http.post(f"/v1/notices/{one['id']}:acknowledge")
        unseen = await http.get(f"/v1/notices/{one['id']}")
    assert (refused.status_code, unseen.status_code) == (404, 404)
    async with suite.client("notifications", f"officer-{one['agency']}") as http:
        read = await http.post(f"/v1/notices/{one['id']}:acknowledge")
        again = await http.post(f"/v1/notices/{one['id']}:acknowledge")
        feed = (await http.get("/v1/events", params={"limit": 200})).json()
    assert (read.status_code, again.json()) == (200, read.json())
    assert feed["items"]


async def test_the_holders_officer_opens_the_record_and_it_stands_nowhere_else(suite: Suite) -> None:
    """The marker is in every subscriber's name and street: it reaches the officer, and no topic, table or log."""
    await suite.ready()
    async with chain(suite) as acting:
        entries = await lived(suite, acting, morning(32, 40, 2, now=NOW))
    rows = await suite.rows(RECORDS, list(entries))
    record = next(row for row in rows if row["holder_tenant"].startswith("agency:ice-"))
    officer = f"officer-{record['holder_tenant'].removeprefix('agency:')}"

    opened = await _read(suite, officer, record["record"])
    assert opened.status_code == 200, opened.text
    assert opened.text.count(MARK) == 2
    other = await _read(suite, "officer-police-calgary", record["record"])
    nothing = await _read(suite, "officer-police-calgary", UUID(int=7))
    assert (other.status_code, nothing.status_code) == (404, 404)
    assert _without_id(other) == _without_id(nothing)
    audited = await suite.rows("SELECT actor FROM isp_liaison.audit_entry WHERE subject = $1", str(record["record"]))
    assert [row["actor"] for row in audited] == [officer]

    assert await _leaks_in_tables(suite) == []
    assert await _leaks_in_topics(suite) == []
    assert _leaks_in_files(suite.home.folder) == []


async def _read(suite: Suite, client: str, record: UUID) -> httpx.Response:
    async with suite.client("isp-liaison", client) as http:
        return await http.get(f"/v1/subscribers/{record}")


def _without_id(answer: httpx.Response) -> dict[str, object]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


async def _leaks_in_tables(suite: Suite) -> list[str]:
    """Tables of any service that hold the marker in clear, as text or as bytes."""
    as_bytes = MARK.encode().hex()
    found: list[str] = []
    for table in await suite.rows(TABLES):
        hits = await suite.rows(
            f"SELECT FROM {table['name']} AS t WHERE t::text ILIKE $1 OR t::text ILIKE $2 LIMIT 1",
            f"%{MARK}%",
            f"%{as_bytes}%",
        )
        found += [table["name"]] if hits else []
    return found


async def _leaks_in_topics(suite: Suite) -> list[str]:
    settings = Broker(home=suite.home).admin_settings
    return [
        name
        for name, records in (await everything(settings)).items()
        if any(MARK.encode().lower() in record.lower() for record in records)
    ]


def _leaks_in_files(home: Path) -> list[str]:
    """Logs of everything, and what the agencies' systems were sent. The providers' own files are theirs."""
    files = [*(home / "logs").glob("*.log"), *(home / "sandbox").glob("receive*")]
    assert len(files) > 10
    return [file.name for file in files if MARK.encode().lower() in file.read_bytes().lower()]


@pytest.mark.parametrize("marker", ["table", "topic", "file"])
async def test_a_leak_would_be_found(suite: Suite, marker: str, tmp_path: Path) -> None:
    """Each search finds a planted marker."""
    await suite.ready()
    match marker:
        case "table":
            await suite.rows("CREATE TABLE public.planted AS SELECT convert_to($1, 'UTF8') AS bytes", f"1 {MARK} Road")
            assert await _leaks_in_tables(suite) == ["public.planted"]
            await suite.rows("DROP TABLE public.planted")
        case "topic":
            settings = Broker(home=suite.home).admin_settings
            admin = admin_client(settings)
            admin.create_topics([NewTopic("planted", 1, 1)])["planted"].result(10)
            await eventually(lambda: _planted(settings))
            assert await _leaks_in_topics(suite) == ["planted"]
            admin.delete_topics(["planted"])["planted"].result(10)
        case _:
            (tmp_path / "logs").mkdir()
            for number in range(11):
                (tmp_path / "logs" / f"{number}.log").write_text(MARK if number == 3 else "")
            assert _leaks_in_files(tmp_path) == ["3.log"]


def _planted(settings: dict[str, str]) -> bool:
    producer = Producer(settings)
    producer.produce("planted", MARK.encode())
    return producer.flush(10) == 0
