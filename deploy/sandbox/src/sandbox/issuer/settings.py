"""Options of the issuer, each with a sentence; read once, from the environment."""

from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHORTEST_SECRET = 16


class Settings(BaseSettings):
    """What the issuer must be told. Either `SANDBOX_SECRET` or `SANDBOX_SECRET_FILE` is needed."""

    model_config = SettingsConfigDict(
        env_prefix="SANDBOX_", extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    issuer_port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    issuer_fd: int | None = Field(
        default=None, ge=0, description="Number of an inherited listening socket; wins over the port."
    )
    issuer_url: str | None = Field(
        default=None,
        validation_alias=AliasChoices("SANDBOX_ISSUER_URL", "INTERLINK_ISSUER"),
        description="`iss` of the tokens and base of the discovered addresses; absent: where we listen.",
    )
    audience: str = Field(
        default="interlink",
        validation_alias=AliasChoices("INTERLINK_AUDIENCE"),
        description="`aud` of the tokens.",
    )
    secret: str | None = Field(
        default=None, min_length=_SHORTEST_SECRET, description="The secret that all clients' are derived from."
    )
    secret_file: Path | None = Field(default=None, description="A file that holds that secret.")
    key_file: Path = Field(
        default=Path(".local/sandbox/issuer.key"),
        description="Where the signing key is kept (PKCS #8, mode 0600); made at the first start.",
    )

    @model_validator(mode="after")
    def _has_a_secret(self) -> Self:
        if len(self.issuer_secret) < _SHORTEST_SECRET:
            raise ValueError("set SANDBOX_SECRET or SANDBOX_SECRET_FILE (at least 16 characters)")
        return self

    @cached_property
    def issuer_secret(self) -> str:
        """The secret, wherever it came from; empty where there is none."""
        if self.secret is not None:
            return self.secret
        if self.secret_file is not None:
            return self.secret_file.read_text().strip()
        return ""
