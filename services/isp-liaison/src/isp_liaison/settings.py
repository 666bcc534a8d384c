"""Liaison's options, beside those of every service."""

from pydantic import Field, SecretStr

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Names in the environment begin with `ISP_LIAISON_`."""

    channels: str = ""
    """Where providers take requests: `<provider>=<url>`, comma separated. Never used for test rows."""
    sandbox_channels: str = ""
    """The same for test rows, which go nowhere else."""
    channel_secrets: SecretStr = SecretStr("")
    """What requests to each provider are signed with: `<provider>=whsec_…`, comma separated."""
    channel_seconds: float = Field(default=15.0, gt=0, le=60)
    """Longest time in which a provider's API must answer in full."""
