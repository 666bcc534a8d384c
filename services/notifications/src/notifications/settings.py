"""Notifications' options, beside those of every service."""

from pydantic import Field, SecretStr

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Names in the environment begin with `NOTIFICATIONS_`."""

    webhook_key: SecretStr | None = None
    """Endpoints' signing secrets are derived from it, none is stored: 32 bytes, base64. A new key changes them all."""
    public_url: str = "http://127.0.0.1:18084"
    """Where agencies reach this API: the links in notices begin with it, without a slash at the end."""
    attempt_seconds: float = Field(default=15.0, gt=0, le=60)
    """Longest attempt at a webhook, from its name to the status of the answer (the standard asks for 15 to 30 s)."""
