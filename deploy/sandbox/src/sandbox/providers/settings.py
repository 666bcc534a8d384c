"""Options of the providers, each with a sentence; read once, from the environment."""

from functools import cached_property
from pathlib import Path
from typing import Self

from pydantic import AliasChoices, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_SHORTEST_SECRET = 16


class Settings(BaseSettings):
    """What the providers must be told."""

    model_config = SettingsConfigDict(
        env_prefix="SANDBOX_", extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    providers_port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    providers_fd: int | None = Field(
        default=None, ge=0, description="Number of an inherited listening socket; wins over the port."
    )
    provider_secrets: str = Field(
        default="",
        description="Secrets that requests are signed with: `provider-north=whsec_…,provider-east=whsec_…`.",
    )
    secret: str = Field(
        default="", description="The secret that all clients' secrets are derived from, as the issuer has it."
    )
    issuer: str = Field(
        default="http://127.0.0.1:18080",
        validation_alias=AliasChoices("INTERLINK_ISSUER"),
        description="Where tokens for liaison come from.",
    )
    liaison_url: str = Field(default="http://127.0.0.1:18083", description="Base address of liaison's API.")
    home: Path = Field(
        default=Path(".local"),
        validation_alias=AliasChoices("INTERLINK_HOME"),
        description="Everything local lives here; the journal in `sandbox/providers.jsonl` below.",
    )

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if len(self.secret) < _SHORTEST_SECRET:
            raise ValueError("set SANDBOX_SECRET (at least 16 characters)")
        if any(not name or not secret for name, secret in self.secrets_by_provider.items()):
            raise ValueError("SANDBOX_PROVIDER_SECRETS is not of the form name=secret,name=secret")
        return self

    @cached_property
    def secrets_by_provider(self) -> dict[str, str]:
        """The channels' secrets by the provider's client."""
        pairs = [pair.strip().partition("=") for pair in self.provider_secrets.split(",") if pair.strip()]
        return {name: secret for name, _, secret in pairs}
