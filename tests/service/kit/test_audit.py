"""The audit on a real database: written with the act, sealed within a second, and every forgery found."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from probe.service import NOW
from sqlalchemy import text

from kit import audit, audit_verification, telemetry
from kit.access import Principal
from kit.audit import Entry, Sealer
from kit.audit_verification import Fault, Verification, Witness, public_key
from kit.database import Database
from kit.testing.databases import TestDatabase, execute, fetch
from kit.testing.eventually import eventually
from kit.time import SettableClock

SEED = bytes(range(32))
OFF = "ALTER TABLE probe.{table} DISABLE TRIGGER append_only"
OFFICER = Principal(
    subject="officer-1",
    client="desk",
    tenant="agency:ice-on",
    roles=frozenset({"officer"}),
    scopes=frozenset(),
    purpose="review",
)


@pytest.fixture
def sealer(probe: Database) -> Sealer:
    return Sealer(probe, SEED, SettableClock(NOW))


def entry(number: int = 0) -> Entry:
    return Entry(actor=OFFICER, action="suspect.read", subject=f"suspect-{number}", detail={"number": number})


async def write(probe: Database, count: int) -> None:
    async with probe.as_tenant("agency:ice-on") as tx:
        for number in range(count):
            tx.audit(entry(number))


async def verified(probe: Database, witness: Witness | None = None) -> Verification:
    async with probe.as_system() as tx:
        return await audit_verification.verify(tx, public_key(SEED), witness=witness)


def faults(verification: Verification) -> set[Fault]:
    return {problem.fault for problem in verification.problems}


async def forge(database: TestDatabase, *statements: str) -> None:
    """What somebody with the owner's password could do."""
    off = [OFF.format(table=table) for table in ("audit_entry", "audit_seal")]
    await execute(database.url("probe_owner"), [*off, *statements])


async def head(database: TestDatabase) -> Witness:
    [row] = await fetch(database.superuser_url, "SELECT position, hash FROM probe.audit_head")
    return Witness(row["position"], row["hash"].hex())


async def test_an_entry_says_who_why_and_within_which_request(probe: Database, database: TestDatabase) -> None:
    with telemetry.bound_request("request-1"):
        async with probe.as_tenant("agency:ice-on") as tx:
            tx.audit(entry(7))
            tx.audit(Entry(actor=None, action="referral.expired", subject="r", purpose="retention"))
    [person, service] = await fetch(database.superuser_url, "SELECT * FROM probe.audit_entry ORDER BY id")
    assert (person["actor"], person["client"], person["tenant"]) == ("officer-1", "desk", "agency:ice-on")
    assert (person["purpose"], person["request_id"], person["detail"]) == ("review", "request-1", '{"number": 7}')
    assert (service["actor"], service["tenant"], service["purpose"]) == (None, "centre", "retention")


async def test_an_act_that_fails_leaves_no_entry(probe: Database, database: TestDatabase) -> None:
    async def fail() -> None:
        async with probe.as_tenant("agency:ice-on") as tx:
            tx.audit(entry())
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await fetch(database.superuser_url, "SELECT FROM probe.audit_entry") == []


async def test_a_sealed_audit_is_sound(probe: Database, sealer: Sealer) -> None:
    assert (await verified(probe)).sound
    for count in (3, 4):
        await write(probe, count)
        assert await sealer.run_once() == count
    assert await sealer.run_once() == 0
    assert await verified(probe) == Verification(7, ())


async def test_an_edit_is_found(probe: Database, sealer: Sealer, database: TestDatabase) -> None:
    await write(probe, 5)
    await sealer.run_once()
    await forge(database, "UPDATE probe.audit_entry SET actor = 'officer-2' WHERE subject = 'suspect-2'")
    [problem] = (await verified(probe)).problems
    assert (problem.fault, problem.position) == (Fault.EDIT, 3)


@pytest.mark.parametrize(
    "column", ["at = at + interval '1 microsecond'", "detail = '{}'", "purpose = NULL", "tenant = 'x'"]
)
async def test_an_edit_of_any_column_is_found(
    probe: Database, sealer: Sealer, database: TestDatabase, column: str
) -> None:
    await write(probe, 1)
    await sealer.run_once()
    await forge(database, f"UPDATE probe.audit_entry SET {column}")
    assert faults(await verified(probe)) == {Fault.EDIT}


async def test_a_deleted_entry_is_a_gap(probe: Database, sealer: Sealer, database: TestDatabase) -> None:
    await write(probe, 5)
    await sealer.run_once()
    await forge(database, "DELETE FROM probe.audit_entry WHERE subject = 'suspect-2'")
    [problem] = (await verified(probe)).problems
    assert (problem.fault, problem.position) == (Fault.GAP, 3)


async def test_an_entry_deleted_with_its_seal_is_a_gap(probe: Database, sealer: Sealer, database: TestDatabase) -> None:
    await write(probe, 5)
    await sealer.run_once()
    await forge(
        database,
        "DELETE FROM probe.audit_seal WHERE position = 3",
        "DELETE FROM probe.audit_entry WHERE subject = 'suspect-2'",
    )
    assert faults(await verified(probe)) == {Fault.GAP}


async def test_a_cut_is_found(probe: Database, sealer: Sealer, database: TestDatabase) -> None:
    await write(probe, 5)
    await sealer.run_once()
    await forge(
        database,
        "DELETE FROM probe.audit_entry WHERE id > (SELECT min(id) + 2 FROM probe.audit_entry)",
        "DELETE FROM probe.audit_seal WHERE position > 3",
    )
    assert faults(await verified(probe)) == {Fault.CUT}


async def test_a_chain_written_anew_misses_its_signed_head(
    probe: Database, sealer: Sealer, database: TestDatabase
) -> None:
    await write(probe, 2)
    await sealer.run_once()
    await forge(database, "UPDATE probe.audit_entry SET actor = 'officer-2'", "DELETE FROM probe.audit_seal")
    stranger = Sealer(probe, SEED[::-1], SettableClock(NOW))
    await stranger.run_once()
    assert faults(await verified(probe)) == {Fault.FORGED_HEAD}


async def test_a_cut_together_with_its_head_is_found_by_a_witness(
    probe: Database, sealer: Sealer, database: TestDatabase
) -> None:
    await write(probe, 2)
    await sealer.run_once()
    await execute(database.superuser_url, ["CREATE TABLE probe.older AS SELECT * FROM probe.audit_head"])
    await write(probe, 2)
    await sealer.run_once()
    published = await head(database)
    await forge(
        database,
        "DELETE FROM probe.audit_entry WHERE id IN (SELECT entry FROM probe.audit_seal WHERE position > 2)",
        "DELETE FROM probe.audit_seal WHERE position > 2",
    )
    await execute(
        database.superuser_url,
        ["DELETE FROM probe.audit_head", "INSERT INTO probe.audit_head SELECT * FROM probe.older"],
    )
    assert (await verified(probe)).sound
    assert faults(await verified(probe, published)) == {Fault.CUT}


async def test_an_entry_that_nobody_sealed_is_found(probe: Database, database: TestDatabase) -> None:
    await execute(
        database.superuser_url,
        [
            "INSERT INTO probe.audit_entry (at, tenant, action, subject, detail) "
            "VALUES (now() - interval '11 seconds', 'centre', 'a', 's', '{}')"
        ],
    )
    assert faults(await verified(probe)) == {Fault.UNSEALED}


@pytest.mark.parametrize("role", ["probe_api", "probe_system", "probe_owner"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE probe.audit_entry SET actor = 'x'", "DELETE FROM probe.audit_entry", "TRUNCATE probe.audit_entry"],
)
async def test_nobody_changes_an_entry(probe: Database, database: TestDatabase, role: str, statement: str) -> None:
    await write(probe, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await execute(database.url(role), [statement])


async def test_a_tenant_cannot_read_the_audit_and_the_centre_can(probe: Database, database: TestDatabase) -> None:
    await write(probe, 1)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(database.url("probe_api"), "SELECT * FROM probe.audit_entry")
    async with probe.as_centre() as tx:
        assert len(await tx.rows(text("SELECT id FROM audit_entry"))) == 1


async def test_an_entry_that_commits_late_is_sealed_too(probe: Database, sealer: Sealer) -> None:
    async with probe.as_system() as late:
        await audit.insert(late, [entry(1)])  # has its id, and commits after the next one
        await write(probe, 1)
        assert await sealer.run_once() == 1
    assert await sealer.run_once() == 1
    assert await verified(probe) == Verification(2, ())


async def test_the_sealer_stops_looking_at_old_entries_but_never_too_early(
    probe: Database, database: TestDatabase
) -> None:
    clock = SettableClock(NOW)
    sealer = Sealer(probe, SEED, clock)

    async def sealed_up_to() -> int:
        return (await fetch(database.superuser_url, "SELECT sealed_up_to FROM probe.audit_head"))[0][0]

    async with probe.as_system() as late:
        await audit.insert(late, [entry(1)])
        for _ in range(2):
            await write(probe, 1)
            await sealer.run_once()
            clock.advance(audit.SETTLED)
        assert await sealed_up_to() == 0  # a transaction of the first round is still open
    for _ in range(2):
        await write(probe, 1)
        await sealer.run_once()
        clock.advance(audit.SETTLED)
    assert await sealed_up_to() > 0
    assert await sealer.run_once() == 0  # nor at the last ones, once they are old and nothing comes any more
    [last] = await fetch(database.superuser_url, "SELECT max(id) FROM probe.audit_entry")
    assert await sealed_up_to() == last[0]
    assert await verified(probe) == Verification(5, ())


async def test_the_sealer_waits_for_a_transaction_that_began_to_write_after_the_one_it_saw(
    probe: Database, database: TestDatabase
) -> None:
    clock = SettableClock(NOW)
    sealer = Sealer(probe, SEED, clock)
    async with probe.as_system() as late:
        async with probe.as_system() as seen:
            await seen.execute(text("SELECT pg_current_xact_id()"))  # it has written something before
            await audit.insert(late, [entry(1)])
            await audit.insert(seen, [entry(2)])
        assert await sealer.run_once() == 1
        clock.advance(audit.SETTLED)
        assert await sealer.run_once() == 0
        [row] = await fetch(database.superuser_url, "SELECT sealed_up_to FROM probe.audit_head")
        assert row[0] == 0
    assert await sealer.run_once() == 1
    assert await verified(probe) == Verification(2, ())


async def test_two_sealers_make_one_chain(probe: Database) -> None:
    stop = asyncio.Event()
    sealers: Sequence[Sealer] = [Sealer(probe, SEED, SettableClock(NOW)) for _ in range(2)]

    async def all_sealed() -> bool:
        return await verified(probe) == Verification(60, ())

    async with asyncio.TaskGroup() as group:
        for sealer in sealers:
            group.create_task(sealer.run(stop))
        for _ in range(20):
            await write(probe, 3)
        await eventually(all_sealed)
        stop.set()


async def test_what_is_written_before_the_stop_is_sealed(probe: Database, sealer: Sealer) -> None:
    stop = asyncio.Event()
    await write(probe, 1)
    stop.set()
    await sealer.run(stop)
    assert await verified(probe) == Verification(1, ())


PUT_BACK = "TRUNCATE probe.audit_entry, probe.audit_seal, probe.audit_head RESTART IDENTITY"


async def test_a_database_that_was_put_back_has_no_entry_left_unsealed(probe: Database, database: TestDatabase) -> None:
    """What the sealer knows is of a later time; entries get the same ids once more."""
    clock = SettableClock(NOW)
    sealer = Sealer(probe, SEED, clock)
    await write(probe, 5)
    assert await sealer.run_once() == 5
    await forge(database, PUT_BACK)
    clock.advance(audit.SETTLED)
    for _ in range(3):
        await write(probe, 1)
        assert await sealer.run_once() == 1
    assert await verified(probe) == Verification(3, ())


async def test_what_a_server_before_this_one_said_of_its_transactions_is_forgotten(
    probe: Database, database: TestDatabase
) -> None:
    """The numbers may be given again; here an entry of the time before is still to come below the one it saw."""
    clock = SettableClock(NOW)
    sealer = Sealer(probe, SEED, clock)
    async with probe.as_system() as late:
        await audit.insert(late, [entry(1)])
        await write(probe, 1)
        assert await sealer.run_once() == 1
        seen = sealer._mark
        assert seen is not None
        sealer._mark = replace(seen, next=0, started=seen.started - timedelta(days=1))
        clock.advance(audit.SETTLED)
        assert await sealer.run_once() == 0
    assert await sealer.run_once() == 1
    assert await verified(probe) == Verification(2, ())
