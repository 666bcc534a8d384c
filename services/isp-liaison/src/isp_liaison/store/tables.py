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

OPEN_REQUEST = text("state NOT IN ('closed', 'returned', 'withdrawn')")
OPEN_LINE = text("state IN ('open', 'answered')")
STANDING_ANSWER = text("state <> 'refused'")


def _sourced() -> tuple[Column[object], ...]:
    return (
        needed("valid_from", Date()), Column("valid_to", Date()), needed("source", Text()),
        needed("confidence", Text()),
    )  # fmt: skip


provider = Table(
    "provider",
    metadata,
    key("id", Text()),
    *of_tenant(),
    needed("name_en", Text()),
    needed("name_fr", Text()),
    needed("legal_entity", Text()),
    needed("brands", JSONB()),
    needed("kind", Text()),
    needed("channel", Text()),
    Column("needs_port", Boolean()),
    Column("retention_days", Integer()),
    needed("retention_source", Text()),
    Column("retention_as_of", Date()),
    Column("reply_zone", Text()),
    needed("languages", JSONB()),
    needed("max_lines", Integer()),
    needed("accepts", JSONB()),
    *_sourced(),
)

network = Table(
    "network",
    metadata,
    key("asn", BigInteger()),
    needed("tenant", Text()),
    key("testmode", Boolean()),
    needed("provider", Text()),
    key("valid_from", Date()),
    Column("valid_to", Date()),
    needed("source", Text()),
    needed("confidence", Text()),
)

provider_owner = Table(
    "provider_owner",
    metadata,
    key("provider", Text()),
    *of_tenant(),
    needed("owner", Text()),
    key("valid_from", Date()),
    Column("valid_to", Date()),
    needed("source", Text()),
    needed("confidence", Text()),
)

instrument = Table(
    "instrument",
    metadata,
    key("id", Text()),
    *of_tenant(),
    needed("section", Text()),
    needed("title_en", Text()),
    needed("title_fr", Text()),
    needed("form", Text()),
    needed("issuer", Text()),
    needed("threshold", Text()),
    Column("days_canadian", Integer()),
    Column("days_foreign", Integer()),
    needed("reaches_foreign_offence", Boolean()),
    needed("repeatable", Boolean()),
    needed("effect", Text()),
    needed("grades", JSONB()),
    Column("challenge_days", Integer()),
    Column("review_days", Integer()),
    key("valid_from", Date()),
    Column("valid_to", Date()),
    needed("source", Text()),
    needed("confidence", Text()),
)

request = Table(
    "request",
    metadata,
    key("id"),
    *of_tenant(),
    needed("number", Text()),
    needed("provider", Text()),
    needed("provider_tenant", Text()),
    needed("instrument", Text()),
    needed("urgency", Text()),
    needed("handling", Text()),
    needed("investigation", UUID()),
    needed("about", Text()),
    needed("state", Text()),
    needed("desired_status", Text()),
    needed("provider_status", Text()),
    Column("provider_reference", Text()),
    needed("drafters", JSONB()),
    needed("perishes_at", MOMENT),
    needed("created_at", MOMENT),
    Column("submitted_by", Text()),
    Column("submitted_at", MOMENT),
    Column("approved_by", Text()),
    Column("approved_at", MOMENT),
    Column("offered_at", MOMENT),
    Column("sent_at", MOMENT),
    Column("closed_at", MOMENT),
    needed("attempts", Integer()),
    Column("next_attempt_at", MOMENT),
    Column("channel_error", Text()),
    needed("channel_refused", Boolean()),
    needed("refusals", Integer()),
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
    key("request"),
    key("kind", Text()),
    *of_tenant(),
    needed("keys", JSONB()),
    needed("data", LargeBinary()),
)

line = Table(
    "line",
    metadata,
    key("id"),
    *of_tenant(),
    needed("request", UUID()),
    needed("provider", Text()),
    needed("instrument", Text()),
    needed("effect", Text()),
    needed("investigation", UUID()),
    needed("about", Text()),
    needed("mark", Text()),
    needed("grade", Text()),
    needed("at", MOMENT),
    needed("state", Text()),
    Column("outcome", Text()),
    needed("key", UUID()),
    needed("nonce", LargeBinary()),
    needed("data", LargeBinary()),
    needed("perishes_at", MOMENT),
    Column("redirected_from", UUID()),
    needed("created_at", MOMENT),
    Column("done_at", MOMENT),
    Column("expired_at", MOMENT),
    Index(
        "line_of_data", "mark", "investigation", "provider", "instrument", "about",
        unique=True, postgresql_where=text("state NOT IN ('dropped', 'lapsed')"),
    ),
    Index("line_of_request", "request", "id"),
    Index("line_waiting", "request", "perishes_at", postgresql_where=text("state IN ('open', 'answered')")),
)  # fmt: skip

line_entry = Table(
    "line_entry",
    metadata,
    key("line"),
    key("entry"),
    *of_tenant(),
    needed("kind", Text()),
    needed("referral", UUID()),
    needed("investigation", UUID()),
    needed("priority", Text()),
    needed("handling", Text()),
    needed("foreign_investigating", Boolean()),
    needed("state", Text()),
    needed("added_at", MOMENT),
    Index("line_entry_of_entry", "entry", "line"),
)

unplaced = Table(
    "unplaced",
    metadata,
    key("id"),
    *of_tenant(),
    needed("entry", UUID()),
    needed("referral", UUID()),
    needed("investigation", UUID()),
    needed("item", Text()),
    needed("grade", Text()),
    Column("asn", BigInteger()),
    needed("why", Text()),
    needed("recorded_at", MOMENT),
    UniqueConstraint("entry", "item", "why"),
)

authority = Table(
    "authority",
    metadata,
    key("request"),
    *of_tenant(),
    needed("kind", Text()),
    needed("basis", Text()),
    needed("offence", Text()),
    needed("made_on", Date()),
    needed("zone", Text()),
    needed("reference", Text()),
    Column("court", Text()),
    Column("due_on", Date()),
    Column("expires_on", Date()),
    Column("challenge_until", Date()),
    Column("review_on", Date()),
    Column("document_sha256", Text()),
    needed("tzdata", Text()),
)

answer = Table(
    "answer",
    metadata,
    key("id"),
    *of_tenant(),
    needed("request", UUID()),
    needed("line", UUID()),
    needed("provider", Text()),
    needed("outcome", Text()),
    needed("state", Text()),
    needed("zone", Text()),
    Column("raw_from", Text()),
    Column("raw_to", Text()),
    Column("assigned_from", MOMENT),
    Column("assigned_to", MOMENT),
    needed("tzdata", Text()),
    needed("flags", JSONB()),
    Column("redirect_to", Text()),
    Column("record", UUID()),
    needed("fingerprint", Text()),
    needed("submitted_by", Text()),
    needed("submitted_at", MOMENT),
    Column("checked_by", Text()),
    Column("checked_at", MOMENT),
    Index("answer_standing", "line", unique=True, postgresql_where=STANDING_ANSWER),
    Index("answer_pending", "id", postgresql_where=text("state = 'pending'")),
    Index("answer_of_request", "request", "id"),
)

subscriber_record = Table(
    "subscriber_record",
    metadata,
    key("id"),
    *of_tenant(),
    needed("line", UUID()),
    needed("key", UUID()),
    Column("nonce", LargeBinary()),
    Column("data", LargeBinary()),
    needed("country", Text()),
    Column("province", Text()),
    Column("municipality", Text()),
    Column("postal_area", Text()),
    needed("received_at", MOMENT),
    Column("released_at", MOMENT),
    Index("subscriber_record_of_line", "line"),
)

holder = Table(
    "holder",
    metadata,
    key("entry"),
    *of_tenant(),
    Column("holder_tenant", Text()),
    needed("sequence", BigInteger()),
    Index("holder_of_tenant", "holder_tenant", "entry"),
)
