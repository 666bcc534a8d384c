"""Every table of the service, declared once; statements take their columns from here, migrations are held to it.

A row's tenant is whom it is for (an agency, a bureau abroad, the centre), not the partner of origin.
No foreign keys: a notice outlives its items' holders, a delivery its endpoint.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
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

metadata = MetaData()

MOMENT = DateTime(timezone=True)


def _key(name: str, kind: object) -> Column[object]:
    return Column(name, kind, primary_key=True)  # pyright: ignore[reportArgumentType]  # any column type


def _needed(name: str, kind: object) -> Column[object]:
    return Column(name, kind, nullable=False)  # pyright: ignore[reportArgumentType]  # any column type


def _of_recipient() -> tuple[Column[object], Column[object]]:
    return _needed("tenant", Text()), _needed("testmode", Boolean())


agency = Table(
    "agency",
    metadata,
    _key("id", Text()),
    *_of_recipient(),
    _needed("kind", Text()),
    _needed("name_en", Text()),
    _needed("name_fr", Text()),
    _needed("directory", Text()),
    Column("retired_on", Date()),
    _needed("sequence", BigInteger()),
)

holding = Table(
    "holding",
    metadata,
    _key("assignment", UUID()),
    *_of_recipient(),
    _needed("entry", UUID()),
    _needed("holder", Text()),
    _needed("copies", JSONB()),
    _needed("state", Text()),
    Index("holding_current", "entry", "assignment", postgresql_where=text("state <> 'ended'")),
)

feed_position = Table(
    "feed_position",
    metadata,
    _key("tenant", Text()),
    _needed("testmode", Boolean()),
    _needed("last", BigInteger()),
)

item = Table(
    "item",
    metadata,
    _key("tenant", Text()),
    _key("event", UUID()),
    _needed("testmode", Boolean()),
    _needed("position", BigInteger()),
    _needed("notice", UUID()),
    _needed("type", Text()),
    _needed("body", JSONB()),
    UniqueConstraint("tenant", "position"),
    Index("item_of_notice", "notice", "position"),
)

notice = Table(
    "notice",
    metadata,
    _key("id", UUID()),
    *_of_recipient(),
    _needed("agency", Text()),
    _needed("referral", UUID()),
    _needed("priority", Text()),
    _needed("origin", Text()),
    _needed("handling", Text()),
    _needed("state", Text()),
    _needed("rung", Text()),
    _needed("opened_at", MOMENT),
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
    _key("id", UUID()),
    *_of_recipient(),
    _needed("agency", Text()),
    _needed("url", Text()),
    _needed("audience", Text()),
    _needed("types", JSONB()),
    _needed("least_priority", Text()),
    _needed("state", Text()),
    Column("disabled_reason", Text()),
    Column("disabled_at", MOMENT),
    Column("failing_since", MOMENT),
    _needed("failures", Integer()),
    Column("rest_until", MOMENT),
    _needed("secret_version", Integer()),
    Column("previous_until", MOMENT),
    _needed("created_at", MOMENT),
    Index("endpoint_of_tenant", "tenant", "id", postgresql_where=text("state <> 'deleted'")),
    Index("endpoint_of_agency", "agency", postgresql_where=text("state = 'enabled'")),
)

delivery = Table(
    "delivery",
    metadata,
    _key("id", UUID()),
    *_of_recipient(),
    _needed("endpoint", UUID()),
    _needed("lane", SmallInteger()),
    _needed("kind", Text()),
    Column("notice", UUID()),
    Column("referral", UUID()),
    _needed("agency", Text()),
    _needed("priority", Text()),
    _needed("origin", Text()),
    _needed("handling", Text()),
    _needed("body", Text()),
    _needed("state", Text()),
    Column("reason", Text()),
    _needed("tries", Integer()),
    _needed("attempts", Integer()),
    _needed("due_at", MOMENT),
    _needed("created_at", MOMENT),
    Column("ended_at", MOMENT),
    UniqueConstraint("endpoint", "notice", "kind"),
    Index("delivery_due", "endpoint", "lane", "priority", "due_at", "id", postgresql_where=text("state = 'pending'")),
    Index("delivery_of_endpoint", "endpoint", "id"),
    Index("delivery_of_notice", "notice"),
)

attempt = Table(
    "attempt",
    metadata,
    _key("delivery", UUID()),
    _key("number", Integer()),
    *_of_recipient(),
    _needed("at", MOMENT),
    Column("status", Integer()),
    Column("error", Text()),
    _needed("milliseconds", Integer()),
)
