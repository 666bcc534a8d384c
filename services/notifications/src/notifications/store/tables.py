"""Every table of the service, declared once; statements take their columns from here, migrations are held to it.

A row's tenant is whom it is for (an agency, a bureau abroad, the centre), not the partner of origin.
No foreign keys: a notice outlives its items' holders, a delivery its endpoint.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from kit.columns import MOMENT, key, needed, of_tenant

metadata = MetaData()


agency = Table(
    "agency",
    metadata,
    key("id", Text()),
    *of_tenant(),
    needed("kind", Text()),
    needed("name_en", Text()),
    needed("name_fr", Text()),
    needed("directory", Text()),
    Column("retired_on", Date()),
    needed("sequence", BigInteger()),
)

holding = Table(
    "holding",
    metadata,
    key("assignment", UUID()),
    *of_tenant(),
    needed("entry", UUID()),
    needed("holder", Text()),
    needed("copies", JSONB()),
    needed("state", Text()),
    Index("holding_current", "entry", "assignment", postgresql_where=text("state <> 'ended'")),
)

feed_position = Table(
    "feed_position",
    metadata,
    key("tenant", Text()),
    needed("testmode", Boolean()),
    needed("last", BigInteger()),
)

item = Table(
    "item",
    metadata,
    key("tenant", Text()),
    key("event", UUID()),
    needed("testmode", Boolean()),
    needed("position", BigInteger()),
    needed("notice", UUID()),
    needed("type", Text()),
    needed("body", JSONB()),
    UniqueConstraint("tenant", "position"),
    Index("item_of_notice", "notice", "position"),
)

notice = Table(
    "notice",
    metadata,
    key("id", UUID()),
    *of_tenant(),
    needed("agency", Text()),
    needed("referral", UUID()),
    needed("priority", Text()),
    needed("origin", Text()),
    needed("handling", Text()),
    needed("state", Text()),
    needed("rung", Text()),
    needed("opened_at", MOMENT),
    Column("frozen_at", MOMENT),
    Column("acknowledge_by", MOMENT),
    Column("acknowledged_at", MOMENT),
    Column("acknowledged_by", Text()),
    Index(
        "notice_collecting",
        "tenant",
        "referral",
        "testmode",
        unique=True,
        postgresql_where=text("state = 'collecting'"),
    ),
    Index("notice_of_tenant", "tenant", "id"),
    Index("notice_frozen", "tenant", "frozen_at", "id"),
)

endpoint = Table(
    "endpoint",
    metadata,
    key("id", UUID()),
    *of_tenant(),
    needed("agency", Text()),
    needed("url", Text()),
    needed("audience", Text()),
    needed("types", JSONB()),
    needed("least_priority", Text()),
    needed("state", Text()),
    Column("disabled_reason", Text()),
    Column("disabled_at", MOMENT),
    Column("failing_since", MOMENT),
    needed("failures", Integer()),
    Column("rest_until", MOMENT),
    needed("secret_version", Integer()),
    Column("previous_until", MOMENT),
    needed("created_at", MOMENT),
    Index("endpoint_of_tenant", "tenant", "id", postgresql_where=text("state <> 'deleted'")),
    Index("endpoint_of_agency", "agency", postgresql_where=text("state = 'enabled'")),
    Index("endpoint_kept_of_agency", "agency", "id", postgresql_where=text("state <> 'deleted'")),
)

delivery = Table(
    "delivery",
    metadata,
    key("id", UUID()),
    *of_tenant(),
    needed("endpoint", UUID()),
    needed("lane", SmallInteger()),
    needed("kind", Text()),
    Column("notice", UUID()),
    Column("referral", UUID()),
    needed("agency", Text()),
    needed("priority", Text()),
    needed("origin", Text()),
    needed("handling", Text()),
    needed("body", Text()),
    needed("state", Text()),
    Column("reason", Text()),
    needed("tries", Integer()),
    needed("attempts", Integer()),
    needed("due_at", MOMENT),
    needed("created_at", MOMENT),
    Column("ended_at", MOMENT),
    UniqueConstraint("endpoint", "notice", "kind"),
    Index("delivery_due", "endpoint", "lane", "priority", "due_at", "id", postgresql_where=text("state = 'pending'")),
    Index("delivery_of_endpoint", "endpoint", "id"),
    Index("delivery_of_notice", "notice"),
)

attempt = Table(
    "attempt",
    metadata,
    key("delivery", UUID()),
    key("number", Integer()),
    *of_tenant(),
    needed("at", MOMENT),
    Column("status", Integer()),
    Column("error", Text()),
    needed("milliseconds", Integer()),
)
