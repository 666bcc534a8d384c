"""What the environment says: the one place of this package that reads it."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Outside(BaseSettings):
    """Options an operator may set before any command."""

    model_config = SettingsConfigDict(env_prefix="INTERLINK_")

    home: Path = Field(default=Path(".local"), description="Folder of the local stack: data, logs, secrets.")
    kafka: str | None = Field(default=None, description="Bootstrap servers of an existing Kafka; none is started then.")
    kafka_security: str = Field(
        default="SASL_SSL", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, for an existing Kafka."
    )
    kafka_ca: Path | None = Field(default=None, description="CA file of an existing Kafka, when it uses TLS.")
    kafka_admin_user: str = Field(
        default="admin", description="User that may create topics, users and ACLs on an existing Kafka."
    )
    kafka_admin_password: str | None = Field(default=None, description="Its password.")
    database_url: str | None = Field(
        default=None,
        description="Superuser URL of an existing PostgreSQL (15 or newer), for bootstrap; none is started.",
    )


class Machine(BaseSettings):
    """What the machine says about its tools."""

    java_home: Path | None = Field(default=None, description="Folder of the JDK, when java is not on PATH.")


def of_supervisor(home: Path, options: Mapping[str, str]) -> dict[str, str]:
    """This process's environment for a supervisor of that home; the options reach its processes."""
    return {**os.environ, "INTERLINK_HOME": str(home), **options}  # noqa: TID251 - as below


def inherited() -> dict[str, str]:
    """A copy of this process's environment for a child, without what belongs to the stack."""
    return {
        name: value
        for name, value in os.environ.items()  # noqa: TID251 - a child needs PATH, HOME, locale, proxies
        if not name.startswith("INTERLINK_")
    }
