"""Routing's options, beside those of every service."""

from pathlib import Path

from pydantic import Field

from kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Names in the environment begin with `ROUTING_`."""

    network_bundles: Path | None = None
    """A folder of network snapshots beside the shipped ones, as an operator imports them by file."""
    home: Path = Field(default=Path(".local"), validation_alias="INTERLINK_HOME")
    """Where unpacked snapshots are kept, so that several processes map the same files."""
