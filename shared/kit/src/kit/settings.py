"""What every service process is told by its environment. Each option explains itself; secrets never print.

A service's own settings extend `ServiceSettings`; their names in the environment begin with the service's.
"""

import base64
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.kafka import KafkaAccess


class ServiceSettings(BaseSettings):
    """Options of every service. `<SERVICE>_X` for its own, `INTERLINK_X` for what all share."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True, use_attribute_docstrings=True, frozen=True)

    owner_database_url: SecretStr | None = None
    """Database of the service, as the role that migrates."""
    api_database_url: SecretStr | None = None
    """Database of the service, as the role that serves requests under row-level security."""
    system_database_url: SecretStr | None = None
    """Database of the service, as the role of handlers, relay and jobs."""
    keyring_database_url: SecretStr | None = Field(default=None, validation_alias="KEYRING_DATABASE_URL")
    """Database of the keyring, as a role that may read (and, for intake, add) data keys."""
    pool_size: int = Field(default=6, ge=2, le=50)
    """Database connections per role in each process."""

    kafka: str = Field(default="127.0.0.1:9092", validation_alias="INTERLINK_KAFKA")
    """Kafka bootstrap servers."""
    kafka_security: str = Field(default="PLAINTEXT", validation_alias="INTERLINK_KAFKA_SECURITY")
    """PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."""
    kafka_ca: str | None = Field(default=None, validation_alias="INTERLINK_KAFKA_CA")
    """Certificate authority of the brokers, a file; empty means the system's."""
    kafka_user: str | None = None
    """The service's Kafka user."""
    kafka_password: SecretStr | None = None
    """The password of the service's Kafka user."""
    consumer_instance: str | None = None
    """A name that only one live process has (a pod's ordinal): static group membership, and the next process of the
    name takes over its jobs at once. Empty: dynamic, and jobs of a dead process wait for their lease."""
    session_seconds: float = Field(default=10.0, ge=1, le=60)
    """How long the group waits for a silent consumer before its partitions go to others."""
    relays: int = Field(default=2, ge=1, le=16)
    """Processes of this service that relay its outbox at the same time."""

    issuer: str = Field(default="http://127.0.0.1:8400", validation_alias="INTERLINK_ISSUER")
    """OpenID issuer whose tokens are accepted."""
    audience: str = Field(default="interlink", validation_alias="INTERLINK_AUDIENCE")
    """The audience a token must name."""
    allowed_hosts: str = Field(default="", validation_alias="INTERLINK_ALLOWED_HOSTS")
    """Private hosts that may be called all the same (the sandbox), comma separated."""

    master_key: SecretStr | None = Field(default=None, validation_alias="INTERLINK_MASTER_KEY")
    """Wraps the data keys: 32 bytes, base64."""
    index_key: SecretStr | None = Field(default=None, validation_alias="INTERLINK_INDEX_KEY")
    """Keys the hashes by which identifiers are matched and cursors are signed: 32 bytes, base64."""
    audit_key: SecretStr | None = None
    """Signs the head of the audit chain: an Ed25519 seed, 32 bytes, base64."""

    http_host: str = "127.0.0.1"
    """Address the process listens on where it inherits no socket."""
    http_port: int = 0
    """Port the process listens on where it inherits no socket; 0 takes a free one."""
    http_fd: int | None = None
    """An inherited listening socket, as the supervisor passes it."""
    faults: str = Field(default="", validation_alias="INTERLINK_FAULTS")
    """Names of kill points to arm, comma separated. For tests only."""
    clock_faults: Path | None = None
    """A folder in which a file of this process's name (`consumer_instance`) says how many seconds its clock is off. For
    tests only."""

    def kafka_access(self) -> KafkaAccess:
        """Address and credentials of the service's user."""
        return KafkaAccess(
            bootstrap=self.kafka,
            security=self.kafka_security,
            user=self.kafka_user,
            password=self.kafka_password.get_secret_value() if self.kafka_password else None,
            ca_file=self.kafka_ca,
        )


class MissingSettingError(RuntimeError):
    """A process was started without an option that its role needs."""


def required(secret: SecretStr | None, name: str) -> str:
    """The secret's text. Raises `MissingSettingError`, naming the option."""
    if secret is None or not secret.get_secret_value():
        raise MissingSettingError(f"the option {name} is not set")
    return secret.get_secret_value()


def key_bytes(secret: SecretStr | None, name: str) -> bytes:
    """A 32-byte key from its base64. Raises `MissingSettingError` where it is missing or of another length."""
    key = base64.b64decode(required(secret, name))
    if len(key) != 32:
        raise MissingSettingError(f"the option {name} must be 32 bytes in base64")
    return key
