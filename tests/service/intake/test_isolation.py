"""Partners are kept apart by the database itself, and what is personal is nowhere in clear."""

from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine

from intake.store.tables import METADATA
from kit.encryption import Sealed
from kit.testing.harness import Harness
from sandbox.generator import native

MARKER = "zq9marker"
NDJSON = "application/x-ndjson"
TENANT_TABLES = (
    "partner", "referral", "referral_version", "payload", "entry", "entry_part", "idempotency", "upload",
    "upload_reference",
)  # fmt: skip


def a_file(reference: str = "R-1") -> bytes:
    suspect = native.suspect(
        f"{MARKER}-reference",
        name=f"{MARKER} name",
        account={"service": "chat.example.com", "id": f"{MARKER}-account"},
        captures=[native.capture("24.48.77.99", event=f"{MARKER}-event")],
        identifiers=[native.identifier("email", f"{MARKER}@example.com")],
        civic_addresses=[native.civic_address("Guelph", street=f"{MARKER} street")],
        phones=["+1 416 555 0177"],
    )
    return native.native_file(reference, suspects=[suspect])


def a_batch() -> bytes:
    """The same people, line by line."""
    document = orjson.loads(a_file("B-1"))
    [suspect] = document.pop("suspects")
    del document["victims"]
    return orjson.dumps(document) + b"\n" + orjson.dumps({"suspect": suspect})


@pytest.mark.parametrize("table", TENANT_TABLES)
async def test_a_tenant_sees_its_own_rows_alone(intake: Harness, partner: Any, other: Any, table: str) -> None:
    await partner.post(a_file(), Idempotency_Key="k")
    await other.post(a_file(), Idempotency_Key="k")
    for one in (partner, other):
        await one.client.post("/v1/referrals:batch", content=a_batch(), headers={"Content-Type": NDJSON})
    seen = text(f"SELECT DISTINCT tenant FROM {table} ORDER BY 1")
    async with intake.process.database.as_tenant("partner:bureau-nl") as tx:
        assert [row.tenant for row in await tx.rows(seen)] == ["partner:bureau-nl"]
    async with intake.process.database.as_tenants(["partner:bureau-nl", "partner:clearinghouse"]) as tx:
        assert await tx.rows(seen) == []
    async with intake.process.database.as_centre() as tx:
        assert len(await tx.rows(seen)) == 2


async def test_a_tenant_writes_no_row_of_another(intake: Harness) -> None:
    async def intrude() -> None:
        async with intake.process.database.as_tenant("partner:bureau-nl") as tx:
            await tx.execute(
                text("""INSERT INTO idempotency SELECT 'partner:clearinghouse', 'k', '', gen_random_uuid(), 1, now()""")
            )

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await intrude()


async def test_what_was_written_once_is_never_changed_by_a_request(intake: Harness) -> None:
    async def change() -> None:
        async with intake.process.database.as_tenant("partner:bureau-nl") as tx:
            await tx.execute(text("UPDATE referral_version SET receipt = ''"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
        await change()


async def test_nothing_personal_is_in_clear_in_any_table_or_event(intake: Harness, partner: Any) -> None:
    answer = await partner.post(a_file(), Idempotency_Key="k")
    assert answer.status_code == 201
    await partner.client.post("/v1/referrals:batch", content=a_batch(), headers={"Content-Type": NDJSON})
    tables = await intake.rows(
        "SELECT table_schema AS s, table_name AS t FROM information_schema.tables "
        "WHERE table_schema IN ('intake', 'keyring') AND table_type = 'BASE TABLE'"
    )
    secrets = (MARKER, "24.48.77.99", "555 0177", "4165550177")
    forms = [form for secret in secrets for form in (secret, secret.encode().hex())]
    dumped = 0
    for table in tables:
        for row in await intake.rows(f"SELECT to_jsonb(t)::text AS dump FROM {table['s']}.{table['t']} t"):
            dumped += 1
            assert not any(form in row["dump"] for form in forms), table["t"]
    assert dumped > 10
    for one in await intake.published():
        told = one.event.model_dump_json()
        assert not any(secret in told for secret in secrets)


async def test_the_raw_body_is_kept_in_sealed_chunks_and_comes_back_whole(intake: Harness, partner: Any) -> None:
    summary = {"type": "csaem", "summary": "x" * 60_000}
    suspects = [native.suspect(captures=[native.capture(event="y" * 500) for _ in range(700)])]
    body = native.native_file(suspects=suspects, incident=summary)
    await partner.post(body)
    chunks = await intake.rows("SELECT referral_id, chunk, nonce, data FROM intake.payload ORDER BY chunk")
    assert len(chunks) == 2
    [row] = await intake.rows("SELECT key_id FROM intake.referral")
    key = (await intake.application.keyring.open([row["key_id"]]))[row["key_id"]]
    plain = b"".join(
        key.decrypt(
            Sealed(chunk["nonce"], chunk["data"]), f"{chunk['referral_id']}:1:payload:{chunk['chunk']}".encode()
        )
        for chunk in chunks
    )
    assert plain == body


async def test_the_tables_are_what_the_migrations_made(intake: Harness) -> None:
    url = intake.database.superuser_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url)
    made = MetaData(schema="intake")
    try:
        async with engine.connect() as connection:
            await connection.run_sync(made.reflect)
    finally:
        await engine.dispose()
    for name, table in METADATA.tables.items():
        reflected = made.tables[name]
        assert {(column.name, column.nullable, str(column.type.python_type)) for column in table.columns} == {
            (column.name, column.nullable, str(column.type.python_type)) for column in reflected.columns
        }, name
        assert [column.name for column in table.primary_key] == [column.name for column in reflected.primary_key]
