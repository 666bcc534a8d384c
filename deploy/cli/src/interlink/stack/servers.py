"""The two servers a stack stands on, embedded or elsewhere, behind one face.

`INTERLINK_DATABASE_URL` and `INTERLINK_KAFKA` point elsewhere; then nothing is started or stopped here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from interlink.stack import kafka as embedded_kafka
from interlink.stack import stamps, topics
from interlink.stack.environment import Outside
from interlink.stack.home import Home
from interlink.stack.kafka import Kafka, KafkaPorts, KafkaSecrets, admin_client
from interlink.stack.postgres import Postgres, Profile
from interlink.stack.processes import KafkaAddress
from interlink.stack.secrets import KAFKA_USERS, SCHEMAS


@dataclass(kw_only=True)
class Database:
    """PostgreSQL as this home uses it."""

    home: Home
    outside: Outside = field(default_factory=Outside)
    profile: Profile = Profile.DURABLE

    @property
    def embedded(self) -> bool:
        """Whether it is ours to start and stop."""
        return self.outside.database_url is None

    @property
    def admin_url(self) -> str | None:
        """The superuser's URL; `None` while the embedded server is down."""
        if self.outside.database_url is not None:
            return self.outside.database_url
        running = Postgres.running(self.home.postgres)
        return running.admin_url if running is not None else None

    @property
    def pid(self) -> int | None:
        """The embedded server's process, if it runs."""
        running = Postgres.running(self.home.postgres) if self.embedded else None
        return running.pid if running is not None else None

    def start(self) -> str:
        """Start it if it is ours; the superuser's URL."""
        if self.outside.database_url is not None:
            return self.outside.database_url
        return Postgres.start(self.home.postgres, self.profile).admin_url

    def stop(self) -> None:
        """Stop it if it is ours."""
        running = Postgres.running(self.home.postgres) if self.embedded else None
        if running is not None:
            running.stop()


@dataclass(kw_only=True)
class Broker:
    """Kafka as this home uses it."""

    home: Home
    outside: Outside = field(default_factory=Outside)

    @property
    def embedded(self) -> bool:
        """Whether it is ours to start and stop."""
        return self.outside.kafka is None

    @property
    def address(self) -> KafkaAddress:
        """Where clients find it."""
        if self.outside.kafka is not None:
            return KafkaAddress(
                bootstrap=self.outside.kafka, security=self.outside.kafka_security, ca=self.outside.kafka_ca
            )
        port = self.home.ports["kafka"]
        return KafkaAddress(bootstrap=f"127.0.0.1:{port}", security=embedded_kafka.SECURITY)

    @property
    def pid(self) -> int | None:
        """The embedded broker's process, if it runs."""
        return self._handle().pid if self.embedded and "kafka" in self.home.ports else None

    def start(self) -> None:
        """Start it if it is ours."""
        if self.embedded:
            Kafka.start(self.home.kafka, *self._parts())

    def stop(self) -> None:
        """Stop it if it is ours."""
        if self.embedded:
            embedded_kafka.stop(self.home.kafka)

    def settings(self, user: str, password: str) -> dict[str, str]:
        """Settings of a librdkafka client that is `user`."""
        address = self.address
        found = {"bootstrap.servers": address.bootstrap, "security.protocol": address.security}
        if address.security.startswith("SASL"):
            found |= {"sasl.mechanism": embedded_kafka.MECHANISM, "sasl.username": user, "sasl.password": password}
        if address.ca is not None:
            found["ssl.ca.location"] = str(address.ca)
        return found

    @property
    def admin_settings(self) -> dict[str, str]:
        """Settings of a librdkafka client that may create topics, users and rights."""
        if self.embedded:
            return self.settings(embedded_kafka.ADMIN, self.home.secrets["kafka.admin"])
        return self.settings(self.outside.kafka_admin_user, self.outside.kafka_admin_password or "")

    def prepare(self) -> None:
        """Create what is missing of topics, users and rights; on a broker without users, only topics.

        On a broker elsewhere whose administrator's password is not given, nothing: it is prepared by others.
        """
        users = {user: self.home.secrets[f"kafka.{user}"] for user in KAFKA_USERS}
        stamp, word = self.home.kafka / "prepared", _prepared_from(users)
        if self.embedded and stamps.holds(stamp, word):
            return
        declared = topics.declarations()
        admin = admin_client(self.admin_settings)
        if not self.address.security.startswith("SASL"):
            topics.create_topics(admin, topics.planned(declared))
        elif self.embedded or self.outside.kafka_admin_password is not None:
            topics.apply(admin, declared, users)
        if self.embedded:
            stamps.put(stamp, word)

    def _parts(self) -> tuple[KafkaPorts, KafkaSecrets]:
        ports, secrets = self.home.ports, self.home.secrets
        return (
            KafkaPorts(client=ports["kafka"], controller=ports["kafka-controller"]),
            KafkaSecrets(admin=secrets["kafka.admin"], controller=secrets["kafka.controller"]),
        )

    def _handle(self) -> Kafka:
        ports, secrets = self._parts()
        return Kafka(folder=self.home.kafka, ports=ports, secrets=secrets)


def _prepared_from(users: Mapping[str, str]) -> str:
    """All that topics, users and rights follow from."""
    files = stamps.sources("contracts", ".") + stamps.sources("interlink", "stack/topics.py")
    for package in SCHEMAS:
        files += stamps.sources(package, "service.py")
    return stamps.digest(files, *sorted(f"{name} {password}" for name, password in users.items()))
