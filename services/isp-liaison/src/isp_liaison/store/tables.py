"""Every table of the service, declared once; statements take their columns from here, migrations are held to it.

Requests, lines, authorities, answers and records belong to the centre, which asks; what ties a line to a suspect
belongs to the partner of origin. IP addresses, ports, names, streets and what people write are sealed columns.
No foreign keys: every row is written in the transaction of its request, under the request's lock.
"""

from sqlalchemy import (
    BigInteger,
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
OPEN_REQUEST = text("state NOT IN ('closed', 'returned', 'withdrawn')")
OPEN_LINE = text("state IN ('open', 'answered')")
STANDING_ANSWER = text("state <> 'refused'")


def _key(name: str, kind: object | None = None) -> Column[object]:
    return Column(name, kind or UUID(), primary_key=True)  # pyright: ignore[reportArgumentType]  # any column type


def _needed(name: str, kind: object) -> Column[object]:
    return Column(name, kind, nullable=False)  # pyright: ignore[reportArgumentType]  # any column type


def _tenant() -> Column[object]:
    return _needed("tenant", Text())


def _of() -> tuple[Column[object], Column[object]]:
    return _tenant(), _needed("testmode", Boolean())


def _sourced() -> tuple[Column[object], ...]:
    return (
        _needed("valid_from", Date()), Column("valid_to", Date()), _needed("source", Text()),
        _needed("confidence", Text()),
    )  # fmt: skip


provider = Table(
    "provider",
    metadata,
    _key("id", Text()),
    *_of(),
    _needed("name_en", Text()),
    _needed("name_fr", Text()),
    _needed("legal_entity", Text()),
    _needed("brands", JSONB()),
    _needed("kind", Text()),
    _needed("channel", Text()),
    Column("needs_port", Boolean()),
    Column("retention_days", Integer()),
    _needed("retention_source", Text()),
    Column("retention_as_of", Date()),
    Column("reply_zone", Text()),
    _needed("languages", JSONB()),
    _needed("max_lines", Integer()),
    _needed("accepts", JSONB()),
    *_sourced(),
)

network = Table(
    "network",
    metadata,
    _key("asn", BigInteger()),
    _tenant(),
    _key("testmode", Boolean()),
    _needed("provider", Text()),
    _key("valid_from", Date()),
    Column("valid_to", Date()),
    _needed("source", Text()),
    _needed("confidence", Text()),
)

provider_owner = Table(
    "provider_owner",
    metadata,
    _key("provider", Text()),
    *_of(),
    _needed("owner", Text()),
    _key("valid_from", Date()),
    Column("valid_to", Date()),
    _needed("source", Text()),
    _needed("confidence", Text()),
)

instrument = Table(
    "instrument",
    metadata,
    _key("id", Text()),
    *_of(),
    _needed("section", Text()),
    _needed("title_en", Text()),
    _needed("title_fr", Text()),
    _needed("form", Text()),
    _needed("issuer", Text()),
    _needed("threshold", Text()),
    Column("days_canadian", Integer()),
    Column("days_foreign", Integer()),
    _needed("reaches_foreign_offence", Boolean()),
    _needed("repeatable", Boolean()),
    _needed("effect", Text()),
    _needed("grades", JSONB()),
    Column("challenge_days", Integer()),
    Column("review_days", Integer()),
    _key("valid_from", Date()),
    Column("valid_to", Date()),
    _needed("source", Text()),
    _needed("confidence", Text()),
)

request = Table(
    "request",
    metadata,
    _key("id"),
    *_of(),
    _needed("number", Text()),
    _needed("provider", Text()),
    _needed("provider_tenant", Text()),
    _needed("instrument", Text()),
    _needed("urgency", Text()),
    _needed("handling", Text()),
    _needed("investigation", UUID()),
    _needed("about", Text()),
    _needed("state", Text()),
    _needed("desired_status", Text()),
    _needed("provider_status", Text()),
    Column("provider_reference", Text()),
    _needed("drafters", JSONB()),
    _needed("perishes_at", MOMENT),
    _needed("created_at", MOMENT),
    Column("submitted_by", Text()),
    Column("submitted_at", MOMENT),
    Column("approved_by", Text()),
    Column("approved_at", MOMENT),
    Column("offered_at", MOMENT),
    Column("sent_at", MOMENT),
    Column("closed_at", MOMENT),
    _needed("attempts", Integer()),
    Column("next_attempt_at", MOMENT),
    Column("channel_error", Text()),
    _needed("channel_refused", Boolean()),
    Column("body_sha256", Text()),
    UniqueConstraint("number"),
    Index(
        "request_draft", "provider", "instrument", "urgency", "handling", "investigation", "about", "testmode",
        unique=True, postgresql_where=text("state = 'draft'"),
    ),
    Index("request_queue", "perishes_at", "id", postgresql_where=OPEN_REQUEST),
    Index("request_in_state", "state", "perishes_at", "id"),
    Index("request_of_provider", "provider_tenant", "perishes_at", "id"),
)  # fmt: skip

sealed_text = Table(
    "sealed_text",
    metadata,
    _key("request"),
    _key("kind", Text()),
    *_of(),
    _needed("keys", JSONB()),
    _needed("data", LargeBinary()),
)

line = Table(
    "line",
    metadata,
    _key("id"),
    *_of(),
    _needed("request", UUID()),
    _needed("provider", Text()),
    _needed("instrument", Text()),
    _needed("effect", Text()),
    _needed("investigation", UUID()),
    _needed("about", Text()),
    _needed("mark", Text()),
    _needed("grade", Text()),
    _needed("at", MOMENT),
    _needed("state", Text()),
    Column("outcome", Text()),
    _needed("key", UUID()),
    _needed("nonce", LargeBinary()),
    _needed("data", LargeBinary()),
    _needed("perishes_at", MOMENT),
    Column("redirected_from", UUID()),
    _needed("created_at", MOMENT),
    Column("done_at", MOMENT),
    Index(
        "line_of_data", "mark", "investigation", "provider", "instrument", "about",
        unique=True, postgresql_where=text("state NOT IN ('dropped', 'lapsed')"),
    ),
    Index("line_of_request", "request", "id"),
)  # fmt: skip

line_entry = Table(
    "line_entry",
    metadata,
    _key("line"),
    _key("entry"),
    *_of(),
    _needed("kind", Text()),
    _needed("referral", UUID()),
    _needed("investigation", UUID()),
    _needed("priority", Text()),
    _needed("handling", Text()),
    _needed("foreign_investigating", Boolean()),
    _needed("state", Text()),
    _needed("added_at", MOMENT),
    Index("line_entry_of_entry", "entry", "line"),
)

unplaced = Table(
    "unplaced",
    metadata,
    _key("id"),
    *_of(),
    _needed("entry", UUID()),
    _needed("referral", UUID()),
    _needed("investigation", UUID()),
    _needed("item", Text()),
    _needed("grade", Text()),
    Column("asn", BigInteger()),
    _needed("why", Text()),
    _needed("recorded_at", MOMENT),
    UniqueConstraint("entry", "item", "why"),
)

authority = Table(
    "authority",
    metadata,
    _key("request"),
    *_of(),
    _needed("kind", Text()),
    _needed("basis", Text()),
    _needed("offence", Text()),
    _needed("made_on", Date()),
    _needed("zone", Text()),
    _needed("reference", Text()),
    Column("court", Text()),
    Column("due_on", Date()),
    Column("expires_on", Date()),
    Column("challenge_until", Date()),
    Column("review_on", Date()),
    Column("document_sha256", Text()),
    _needed("tzdata", Text()),
)

answer = Table(
    "answer",
    metadata,
    _key("id"),
    *_of(),
    _needed("request", UUID()),
    _needed("line", UUID()),
    _needed("provider", Text()),
    _needed("outcome", Text()),
    _needed("state", Text()),
    _needed("zone", Text()),
    Column("raw_from", Text()),
    Column("raw_to", Text()),
    Column("assigned_from", MOMENT),
    Column("assigned_to", MOMENT),
    _needed("tzdata", Text()),
    _needed("flags", JSONB()),
    Column("redirect_to", Text()),
    Column("record", UUID()),
    _needed("fingerprint", Text()),
    _needed("submitted_by", Text()),
    _needed("submitted_at", MOMENT),
    Column("checked_by", Text()),
    Column("checked_at", MOMENT),
    Index("answer_standing", "line", unique=True, postgresql_where=STANDING_ANSWER),
    Index("answer_pending", "id", postgresql_where=text("state = 'pending'")),
    Index("answer_of_request", "request", "id"),
)

subscriber_record = Table(
    "subscriber_record",
    metadata,
    _key("id"),
    *_of(),
    _needed("line", UUID()),
    _needed("key", UUID()),
    Column("nonce", LargeBinary()),
    Column("data", LargeBinary()),
    _needed("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("postal_area", Text()),
    _needed("received_at", MOMENT),
    Column("released_at", MOMENT),
    Index("subscriber_record_of_line", "line"),
)

holder = Table(
    "holder",
    metadata,
    _key("entry"),
    *_of(),
    Column("holder_tenant", Text()),
    _needed("sequence", BigInteger()),
    Index("holder_of_tenant", "holder_tenant", "entry"),
)
