"""The schema `intake`, the one source: a test compares it with what the migrations made.

Personal data is in `sealed` columns only (nonce and cipher text under the referral's data key) and, for
matching, in keyed hashes. Every row of a partner carries its tenant.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(schema="intake")
MOMENT = DateTime(timezone=True)

NUMBERS = Sequence("referral_number", metadata=METADATA)

PARTNER = Table(
    "partner",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("name_en", Text, nullable=False),
    Column("name_fr", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("country", Text),
    Column("clock_zone", Text),
    Column("handling_codes", ARRAY(Text), nullable=False),
    Column("handling_tlp", Text, nullable=False),
    Column("testmode", Boolean, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("created_at", MOMENT, nullable=False),
)

REFERRAL = Table(
    "referral",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("reference", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key_id", Uuid, nullable=False),
    Column("testmode", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("published_to", Integer, nullable=False),
    Column("published_at", MOMENT),
    Column("received_at", MOMENT, nullable=False),
    Column("updated_at", MOMENT, nullable=False),
    UniqueConstraint("tenant", "reference"),
    Index("referral_newest", "tenant", text("id DESC")),
)

REFERRAL_VERSION = Table(
    "referral_version",
    METADATA,
    Column("referral_id", Uuid, ForeignKey("intake.referral.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("received_at", MOMENT, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("frame", JSONB, nullable=False),
    Column("receipt", LargeBinary, nullable=False),
)

PAYLOAD = Table(
    "payload",
    METADATA,
    Column("referral_id", Uuid, primary_key=True),  # or an upload that will be one
    Column("version", Integer, primary_key=True),
    Column("chunk", Integer, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

ENTRY = Table(
    "entry",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("referral_id", Uuid, nullable=False),  # or an upload that will be one
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("review", Boolean, nullable=False),
    Column("naming", Text, nullable=False),
    Column("reference_key", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("fingerprints", LargeBinary, nullable=False),
    Column("label_nonce", LargeBinary, nullable=False),
    Column("label_data", LargeBinary, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("grade", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("factors", ARRAY(Text), nullable=False),
    Column("handling", Text, nullable=False),
    Column("determination_sequence", BigInteger, nullable=False),
    Column("determination", Text),
    Column("branch", Text),
    Column("country", Text),
    Column("province", Text),
    Column("assignment_sequence", BigInteger, nullable=False),
    Column("assignment_id", Uuid),
    Column("assignment", Text),
    Column("holder", Text),
    Column("assignment_at", MOMENT),
    Column("request_sequence", BigInteger, nullable=False),
    Column("requested_at", MOMENT),
    Column("answer_sequence", BigInteger, nullable=False),
    Column("answer", Text),
    Column("answered_at", MOMENT),
    Column("open_lines", Integer),
    UniqueConstraint("referral_id", "position"),
)

ENTRY_PART = Table(
    "entry_part",
    METADATA,
    Column("entry_id", Uuid, ForeignKey("intake.entry.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("tenant", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("referral_id", Uuid, ForeignKey("intake.referral.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", MOMENT, nullable=False),
    Index("idempotency_age", "created_at"),
)

UPLOAD = Table(
    "upload",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("testmode", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    Column("touched_at", MOMENT, nullable=False),
    Index("upload_staging", "touched_at", postgresql_where=text("state = 'staging'")),
)

UPLOAD_REFERENCE = Table(
    "upload_reference",
    METADATA,
    Column("upload_id", Uuid, ForeignKey("intake.upload.id"), primary_key=True),
    Column("reference_key", LargeBinary, primary_key=True),
    Column("tenant", Text, nullable=False),
    Column("given", Boolean, nullable=False),
)
