"""Who may hand in files, and what stands where a file says nothing."""

from datetime import datetime
from typing import Any, Final

from intake.commands.filing import Partner
from intake.domain.handling import Code, Handling, Tlp
from intake.store import partners
from intake.store.partners import Sandbox
from kit.database import Transaction

_SANDBOX: Final = {
    "bureau-nl": Sandbox(
        tenant="partner:bureau-nl",
        name_en="National bureau, Netherlands (sandbox)",
        name_fr="Bureau national, Pays-Bas (bac à sable)",
        kind="foreign_bureau",
        country="NL",
        codes=("H1",),
        tlp="AMBER",
    ),
    "clearinghouse": Sandbox(
        tenant="partner:clearinghouse",
        name_en="Clearinghouse for reports of providers (sandbox)",
        name_fr="Centre de réception des signalements de fournisseurs (bac à sable)",
        kind="clearinghouse",
        country="US",
        codes=(),
        tlp="AMBER",
    ),
}


async def find(tx: Transaction, tenant: str) -> Partner | None:
    """The registered partner of that tenant, if the transaction may see it."""
    row = await partners.find(tx, tenant)
    return None if row is None else partner_of(row)


async def seed(tx: Transaction, names: str, now: datetime) -> None:
    """The sandbox's partners of those names (comma separated), where they are missing. Raises `KeyError`."""
    wanted = sandbox_partners(names)
    if wanted:
        await partners.seed(tx, wanted, now)


def sandbox_partners(names: str) -> list[Sandbox]:
    """The sandbox's partners of those names, comma separated. Raises `KeyError` for another name."""
    return [_SANDBOX[name.strip()] for name in sorted(names.split(",")) if name.strip()]


def partner_of(row: Any) -> Partner:
    """A registered partner."""
    return Partner(
        tenant=row.tenant,
        handling=Handling(codes=frozenset(Code(code) for code in row.handling_codes), tlp=Tlp(row.handling_tlp)),
        clock_zone=row.clock_zone,
        testmode=row.testmode,
        urgent=row.urgent,
    )
