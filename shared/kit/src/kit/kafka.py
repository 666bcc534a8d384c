"""How a process reaches Kafka, and the words it uses for the failures that matter.

Nothing here talks to a broker: `producer` and `consumer` are the only modules that import the client.
"""

import ssl
from dataclasses import dataclass
from typing import Any

PREFIX = "interlink."
COMPRESSION = "zstd"
"""Of sealed events: 5 µs a record to 0.86 kB, where the client's lz4, at its highest level always, takes 45 to 1.17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """Address and credentials of one user."""

    bootstrap: str
    security: str = "PLAINTEXT"
    user: str | None = None
    password: str | None = None
    ca_file: str | None = None
    mechanism: str = "SCRAM-SHA-512"

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that producer and consumer share."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security,
        }
        if self.security.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        if self.security.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.ca_file)
        return options


def group_of(service: str) -> str:
    """The consumer group of a service."""
    return f"{PREFIX}{service}"


def dead_letter_topic(topic: str, group: str) -> str:
    """Where a group puts records of a topic that it cannot handle."""
    return f"{topic}.dlq.{group}"


def replay_topic(topic: str, group: str) -> str:
    """Where an operator puts dead letters back, for that group alone."""
    return f"{topic}.replay.{group}"
