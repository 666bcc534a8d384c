"""Providers, networks, owners and instruments as rows: new law or a new owner is a row, not a release."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, text

from isp_liaison.domain.directory import Network, Owner, Provider
from isp_liaison.domain.instruments import Effect, Instrument
from isp_liaison.store import tables
from kit.access import CENTRE_TENANT
from kit.database import Transaction
from kit.rows import arrays, inserting

SEED = {
    table.name: inserting(table, conflict="ON CONFLICT DO NOTHING")
    for table in (tables.provider, tables.network, tables.provider_owner, tables.instrument)
}
PROVIDERS = text("SELECT * FROM provider ORDER BY id")
NETWORKS = text("SELECT * FROM network ORDER BY asn, testmode, valid_from")
OWNERS = text("SELECT * FROM provider_owner ORDER BY provider, valid_from")
INSTRUMENTS = text("SELECT * FROM instrument ORDER BY id, valid_from")


async def add(
    tx: Transaction,
    *,
    providers: Sequence[Provider],
    networks: Sequence[Network],
    owners: Sequence[Owner],
    instruments: Sequence[Instrument],
) -> None:
    """Insert rows that are not there; what is there already was perhaps edited, and stays."""
    for table, rows in (
        (tables.provider, providers),
        (tables.network, networks),
        (tables.provider_owner, owners),
        (tables.instrument, instruments),
    ):
        if rows:
            await tx.execute(SEED[table.name], arrays(table, [_row(table, one) for one in rows]))


async def providers(tx: Transaction) -> list[Provider]:
    """Every provider there ever was."""
    found: list[Provider] = []
    for row in await tx.rows(PROVIDERS):
        fields = _fields(tables.provider, row, without={"tenant"})
        fields |= {"brands": tuple(row.brands), "languages": tuple(row.languages), "accepts": frozenset(row.accepts)}
        found.append(Provider(**fields))
    return found


async def networks(tx: Transaction) -> list[Network]:
    """Every AS number with its holder by date."""
    return [Network(**_fields(tables.network, row, without={"tenant"})) for row in await tx.rows(NETWORKS)]


async def owners(tx: Transaction) -> list[Owner]:
    """Who answers for whom, by date."""
    columns = {"tenant", "testmode"}
    return [Owner(**_fields(tables.provider_owner, row, without=columns)) for row in await tx.rows(OWNERS)]


async def instruments(tx: Transaction) -> list[Instrument]:
    """Every instrument with its validity."""
    found: list[Instrument] = []
    for row in await tx.rows(INSTRUMENTS):
        fields = _fields(tables.instrument, row, without={"tenant", "testmode"})
        fields |= {"grades": frozenset(row.grades), "effect": Effect(row.effect)}
        found.append(Instrument(**fields))
    return found


def _fields(table: Table, row: Any, *, without: set[str]) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in table.columns if column.name not in without}


def _row(table: Table, one: object) -> dict[str, Any]:
    return {column.name: _column(one, column.name) for column in table.columns}


def _column(one: object, name: str) -> Any:
    if name == "tenant":
        return CENTRE_TENANT
    value = getattr(one, name, False)  # owners and instruments know no test mode
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value
