"""Servers for the tests that need them: started once a worker, on demand, and wiped at the end."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from suite.fixtures import suite

from interlink.stack import kafka as embedded_kafka
from interlink.stack import postgres as embedded_postgres
from interlink.stack.kafka import Kafka, KafkaPorts, KafkaSecrets
from interlink.stack.ports import any_free
from interlink.stack.postgres import Postgres, Profile
from kit.kafka import KafkaAccess
from kit.testing.databases import PASSWORD, TestDatabase, TestDatabases

__all__ = ["suite"]  # the running stack, which flow and fault tests share

# No test is timed: a busy machine is not a fault. What fails once fails again: `--hypothesis-profile=default` explores.
settings.register_profile("untimed", deadline=None, derandomize=True)
settings.load_profile("untimed")

PACKAGES = ("probe", "intake", "routing", "isp_liaison", "notifications")


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder for servers; short, because unix sockets have short names."""
    folder = Path(tempfile.mkdtemp(prefix="il-"))
    folder.chmod(0o755)  # the unprivileged user of Postgres has to pass through
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(home: Path) -> Iterator[Postgres]:
    """PostgreSQL without durability."""
    server = Postgres.start(home / "pg", Profile.FAST)
    yield server
    embedded_postgres.wipe(server.folder)


@pytest.fixture(scope="session")
async def databases(postgres: Postgres) -> TestDatabases:
    """Every service's schema, migrated once."""
    made = TestDatabases(postgres.admin_url, PACKAGES)
    await made.prepare()
    return made


@pytest.fixture
async def database(databases: TestDatabases) -> AsyncIterator[TestDatabase]:
    """A database of its own for each test."""
    made = await databases.make()
    yield made
    await databases.drop(made)


@pytest.fixture(scope="session")
def kafka(home: Path) -> Iterator[Kafka]:
    """A real broker."""
    secrets = KafkaSecrets(admin=PASSWORD, controller=PASSWORD)
    broker = Kafka.start(home / "kafka", KafkaPorts(client=any_free(), controller=any_free()), secrets)
    yield broker
    embedded_kafka.wipe(broker.folder)


@pytest.fixture(scope="session")
def kafka_access(kafka: Kafka) -> KafkaAccess:
    """The broker as its administrator."""
    return KafkaAccess(bootstrap=kafka.bootstrap, security="SASL_PLAINTEXT", user="admin", password=PASSWORD)
