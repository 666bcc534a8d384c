"""What the intake service is told by its environment, beyond what every service is told."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Options named `INTAKE_…`."""

    seed_partners: str = "bureau-nl,clearinghouse"
    """Sandbox partners that exist from the first start, comma separated. Their data is test data. Empty: none."""
    largest_direct: int = Field(default=1_000, ge=1, le=2_000)
    """Entries of a file whose events are written with it; those of a larger file follow in chunks, by a job."""
    publish_chunk: int = Field(default=1_000, ge=1, le=2_000)
    """Entries of a large file whose events are written in one transaction."""
    publish_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    """Sealed bytes beyond which they are fewer: a thousand entries of thousands of captures are a gigabyte."""
    publish_ahead: int = Field(default=2_000, ge=1)
    """Entries of one file that were told and not determined yet, beyond which its next chunk waits."""
    publish_patience: timedelta = timedelta(minutes=1)
    """How long a chunk waits for that before it follows anyway."""
    idempotency_kept: timedelta = timedelta(days=35)
    """How long an Idempotency-Key is remembered; at least 30 days are promised."""
    stage_chunk: int = Field(default=500, ge=1, le=2_000)
    """Lines of a batch that are read and stored in one step."""
    stage_bytes: int = Field(default=1024 * 1024, ge=1024)
    """Bytes of a batch after which a step begins, however few lines they are."""
    upload_kept: timedelta = timedelta(hours=1)
    """How long a batch may stand still before what came of it is given up."""
    forget_chunk: int = Field(default=5_000, ge=1)
    """Rows of a batch that was given up which are deleted in one transaction."""
    home: Path = Field(default=Path(".local"), validation_alias="INTERLINK_HOME")
    """Where the data is, of whose disk enough must be left."""
    disk_left: float = Field(default=0.1, ge=0, le=1)
    """Share of that disk below which nothing but urgent files is taken."""
    outbox_oldest: timedelta = timedelta(minutes=15)
    """Events that wait for longer hold up new files, unless they are urgent."""
    queue_longest: int = Field(default=512, ge=0)
    """Files that wait to be stored, in one process, above which no more are taken, unless they are urgent."""
    group_requests: int = Field(default=64, ge=1, le=256)
    """Most requests that share a commit."""
    parse_in_thread: int = Field(default=64 * 1024, ge=0)
    """Bodies of at least this many bytes are parsed beside the event loop, which would stand still."""
