"""Every table of the service, declared once; statements take their columns from here, migrations are held to it.

All rows carry the partner's tenant and the test mode. Lists are `jsonb`, because arrays of arrays cannot be unnested.
No foreign keys: every row is written in the transaction of its entry, under the entry's lock.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()

MOMENT = DateTime(timezone=True)
CURRENT = text("state IN ('assigned', 'accepted', 'closed')")


def _key(name: str) -> Column[object]:
    return Column(name, UUID(), primary_key=True)


def _needed(name: str, kind: object) -> Column[object]:
    return Column(name, kind, nullable=False)  # pyright: ignore[reportArgumentType]  # any column type


def _of_partner() -> tuple[Column[object], Column[object]]:
    return _needed("tenant", Text()), _needed("testmode", Boolean())


investigation = Table("investigation", metadata, _key("id"), *_of_partner(), _needed("created_at", MOMENT))

investigation_referral = Table(
    "investigation_referral",
    metadata,
    _key("referral"),
    *_of_partner(),
    _needed("investigation", UUID()),
)

entry = Table(
    "entry",
    metadata,
    _key("id"),
    *_of_partner(),
    _needed("kind", Text()),
    _needed("role", Text()),
    _needed("referral", UUID()),
    _needed("number", Text()),
    _needed("investigation", UUID()),
    _needed("version", Integer()),
    _needed("priority", Text()),
    _needed("handling", Text()),
    _needed("grade", Text()),
    _needed("offence_type", Text()),
    _needed("offence_basis", Text()),
    Column("foreign_authority", JSONB(none_as_null=True)),
    Column("incident_at", MOMENT),
    _needed("received_at", MOMENT),
    _needed("factors", JSONB()),
    _needed("state", Text()),
)

entry_part = Table(
    "entry_part",
    metadata,
    _key("entry"),
    Column("version", Integer(), primary_key=True),
    Column("part", Integer(), primary_key=True),
    *_of_partner(),
    _needed("parts", Integer()),
    _needed("key", UUID()),
    _needed("nonce", LargeBinary()),
    _needed("data", LargeBinary()),
)

early_withdrawal = Table("early_withdrawal", metadata, _key("entry"), *_of_partner(), _needed("version", Integer()))

answer = Table(
    "answer",
    metadata,
    _key("entry"),
    _key("line"),
    *_of_partner(),
    _needed("request", UUID()),
    _needed("outcome", Text()),
    _needed("completed_at", MOMENT),
    Column("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("postal_area", Text()),
    Column("record", UUID()),
)

determination = Table(
    "determination",
    metadata,
    _key("id"),
    *_of_partner(),
    _needed("entry", UUID()),
    _needed("version", Integer()),
    _needed("branch", Text()),
    _needed("body", Text()),
    Column("first_hop", Text()),
    _needed("copies", JSONB()),
    _needed("rule", Text()),
    _needed("confidence", Text()),
    Column("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("reason", Text()),
    Column("snapshot", Text()),
    _needed("directory", Text()),
    _needed("alternatives", JSONB()),
    _needed("explanation", JSONB()),
    _needed("as_of", Date()),
    _needed("determined_at", MOMENT),
    UniqueConstraint("entry", "version"),
)

assignment = Table(
    "assignment",
    metadata,
    _key("id"),
    *_of_partner(),
    _needed("entry", UUID()),
    _needed("kind", Text()),
    _needed("referral", UUID()),
    _needed("investigation", UUID()),
    _needed("determination", UUID()),
    _needed("priority", Text()),
    _needed("handling", Text()),
    _needed("body", Text()),
    _needed("holder", Text()),
    _needed("holder_tenant", Text()),
    _needed("copies", JSONB()),
    _needed("tried", JSONB()),
    _needed("hop", Integer()),
    _needed("state", Text()),
    _needed("overdue", Boolean()),
    _needed("assigned_at", MOMENT),
    _needed("due_at", MOMENT),
    Column("accepted_at", MOMENT),
    Column("ended_at", MOMENT),
    Column("reason", Text()),
    Column("successor", UUID()),
    Index("assignment_current", "entry", unique=True, postgresql_where=CURRENT),
    Index("assignment_of_entry", "entry", "id"),
    Index("assignment_of_holder", "holder_tenant", "id"),
    Index("assignment_due", "due_at", postgresql_where=text("state = 'assigned' AND NOT overdue")),
)

transfer_proposal = Table(
    "transfer_proposal",
    metadata,
    _key("id"),
    *_of_partner(),
    _needed("entry", UUID()),
    _needed("assignment", UUID()),
    _needed("determination", UUID()),
    _needed("body", Text()),
    _needed("holder", Text()),
    _needed("state", Text()),
    _needed("proposed_at", MOMENT),
    Index("transfer_proposal_open", "assignment", unique=True, postgresql_where=text("state = 'open'")),
    Index("transfer_proposal_of_entry", "entry"),
)

identification_request = Table(
    "identification_request",
    metadata,
    _key("id"),
    *_of_partner(),
    _needed("entry", UUID()),
    _needed("determination", UUID()),
    _needed("items", JSONB()),
    _needed("marks", JSONB()),
    _needed("state", Text()),
    _needed("requested_at", MOMENT),
    Column("ended_at", MOMENT),
    Index("identification_request_of_entry", "entry"),
)

agency = Table(
    "agency",
    metadata,
    Column("id", Text(), primary_key=True),
    *_of_partner(),
    _needed("kind", Text()),
    _needed("name_en", Text()),
    _needed("name_fr", Text()),
    _needed("coverage", JSONB()),
    Column("first_hop", Text()),
    _needed("accepts_direct", Boolean()),
    _needed("valid_from", Date()),
    Column("valid_to", Date()),
    _needed("directory", Text()),
    _needed("fingerprint", Text()),
    Column("retired_on", Date()),
)
