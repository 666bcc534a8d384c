"""Options of the receivers, each with a sentence; read once, from the environment."""

from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What the receivers may be told."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", extra="ignore", populate_by_name=True)

    receivers_port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    receivers_fd: int | None = Field(
        default=None, ge=0, description="Number of an inherited listening socket; wins over the port."
    )
    home: Path = Field(
        default=Path(".local"),
        validation_alias=AliasChoices("INTERLINK_HOME"),
        description="Everything local lives here; the journal in `sandbox/receivers.jsonl` below.",
    )
