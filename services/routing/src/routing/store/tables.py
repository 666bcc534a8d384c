"""Every table of the service, declared once; statements take their columns from here, migrations are held to it.

All rows carry the partner's tenant and the test mode. Lists are `jsonb`, because arrays of arrays cannot be unnested.
No foreign keys: every row is written in the transaction of its entry, under the entry's lock.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Date,
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

from kit.columns import MOMENT, key, needed, of_tenant

metadata = MetaData()

CURRENT = text("state IN ('assigned', 'accepted', 'closed')")


investigation = Table("investigation", metadata, key("id"), *of_tenant(), needed("created_at", MOMENT))

investigation_referral = Table(
    "investigation_referral",
    metadata,
    key("referral"),
    *of_tenant(),
    needed("investigation", UUID()),
)

entry = Table(
    "entry",
    metadata,
    key("id"),
    *of_tenant(),
    needed("kind", Text()),
    needed("role", Text()),
    needed("referral", UUID()),
    needed("number", Text()),
    needed("investigation", UUID()),
    needed("version", Integer()),
    needed("priority", Text()),
    needed("handling", Text()),
    needed("grade", Text()),
    needed("offence_type", Text()),
    needed("offence_basis", Text()),
    Column("foreign_authority", JSONB(none_as_null=True)),
    Column("incident_at", MOMENT),
    needed("received_at", MOMENT),
    needed("factors", JSONB()),
    needed("state", Text()),
)

entry_part = Table(
    "entry_part",
    metadata,
    key("entry"),
    Column("version", Integer(), primary_key=True),
    Column("part", Integer(), primary_key=True),
    *of_tenant(),
    needed("parts", Integer()),
    needed("key", UUID()),
    needed("nonce", LargeBinary()),
    needed("data", LargeBinary()),
)

early_withdrawal = Table("early_withdrawal", metadata, key("entry"), *of_tenant(), needed("version", Integer()))

answer = Table(
    "answer",
    metadata,
    key("entry"),
    key("line"),
    *of_tenant(),
    needed("request", UUID()),
    needed("outcome", Text()),
    needed("completed_at", MOMENT),
    Column("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("postal_area", Text()),
    Column("record", UUID()),
)

determination = Table(
    "determination",
    metadata,
    key("id"),
    *of_tenant(),
    needed("entry", UUID()),
    needed("version", Integer()),
    needed("branch", Text()),
    needed("body", Text()),
    Column("first_hop", Text()),
    needed("copies", JSONB()),
    needed("rule", Text()),
    needed("confidence", Text()),
    Column("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("reason", Text()),
    Column("snapshot", Text()),
    needed("directory", Text()),
    needed("alternatives", JSONB()),
    needed("explanation", JSONB()),
    needed("as_of", Date()),
    needed("determined_at", MOMENT),
    UniqueConstraint("entry", "version"),
)

assignment = Table(
    "assignment",
    metadata,
    key("id"),
    *of_tenant(),
    needed("entry", UUID()),
    needed("kind", Text()),
    needed("referral", UUID()),
    needed("investigation", UUID()),
    needed("determination", UUID()),
    needed("priority", Text()),
    needed("handling", Text()),
    needed("body", Text()),
    needed("holder", Text()),
    needed("holder_tenant", Text()),
    needed("copies", JSONB()),
    needed("tried", JSONB()),
    needed("hop", Integer()),
    needed("state", Text()),
    needed("overdue", Boolean()),
    needed("assigned_at", MOMENT),
    needed("due_at", MOMENT),
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
    key("id"),
    *of_tenant(),
    needed("entry", UUID()),
    needed("assignment", UUID()),
    needed("determination", UUID()),
    needed("body", Text()),
    needed("holder", Text()),
    needed("state", Text()),
    needed("proposed_at", MOMENT),
    Index("transfer_proposal_open", "assignment", unique=True, postgresql_where=text("state = 'open'")),
    Index("transfer_proposal_of_entry", "entry"),
)

identification_request = Table(
    "identification_request",
    metadata,
    key("id"),
    *of_tenant(),
    needed("entry", UUID()),
    needed("determination", UUID()),
    needed("items", JSONB()),
    needed("marks", JSONB()),
    needed("state", Text()),
    needed("requested_at", MOMENT),
    Column("ended_at", MOMENT),
    Index("identification_request_of_entry", "entry"),
)

agency = Table(
    "agency",
    metadata,
    Column("id", Text(), primary_key=True),
    *of_tenant(),
    needed("kind", Text()),
    needed("name_en", Text()),
    needed("name_fr", Text()),
    needed("coverage", JSONB()),
    Column("first_hop", Text()),
    needed("accepts_direct", Boolean()),
    needed("valid_from", Date()),
    Column("valid_to", Date()),
    needed("directory", Text()),
    needed("fingerprint", Text()),
    Column("retired_on", Date()),
)
