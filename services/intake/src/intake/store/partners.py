"""Partners as registered."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from kit.database import Transaction
from kit.executing import Row
from kit.values import value

BY_TENANT = text("""
    SELECT tenant, clock_zone, handling_codes, handling_tlp, testmode, urgent FROM partner WHERE tenant = :tenant
""")

SEED = text("""
    INSERT INTO partner (tenant, name_en, name_fr, kind, country, clock_zone, handling_codes, handling_tlp, testmode,
                         urgent, created_at)
    SELECT tenant, name_en, name_fr, kind, country, NULL, string_to_array(codes, ','), tlp, true, true, :now
    FROM unnest(CAST(:tenants AS text[]), CAST(:names_en AS text[]), CAST(:names_fr AS text[]),
                CAST(:kinds AS text[]), CAST(:countries AS text[]), CAST(:codes AS text[]), CAST(:tlps AS text[]))
         AS p (tenant, name_en, name_fr, kind, country, codes, tlp)
    ORDER BY tenant ON CONFLICT DO NOTHING
""")


@value
class Sandbox:
    """A partner of the sandbox: all its data is test data."""

    tenant: str
    name_en: str
    name_fr: str
    kind: str
    country: str | None
    codes: tuple[str, ...]
    tlp: str


async def find(tx: Transaction, tenant: str) -> Row | None:
    """The partner's profile, if it is registered and the transaction may see it."""
    return await tx.row(BY_TENANT, {"tenant": tenant})


async def seed(tx: Transaction, partners: Sequence[Sandbox], now: datetime) -> None:
    """Insert those that are missing."""
    await tx.execute(
        SEED,
        {
            "now": now,
            "tenants": [one.tenant for one in partners],
            "names_en": [one.name_en for one in partners],
            "names_fr": [one.name_fr for one in partners],
            "kinds": [one.kind for one in partners],
            "countries": [one.country for one in partners],
            "codes": [",".join(one.codes) for one in partners],
            "tlps": [one.tlp for one in partners],
        },
    )
