"""The running stack as a fixture, shared by the tests of flow and fault."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.running import Suite, started, stopped


@pytest.fixture(scope="session")
def suite() -> Iterator[Suite]:
    """Everything, as processes: durable Postgres, Kafka, issuer, services."""
    folder = Path(tempfile.mkdtemp(prefix="il-suite-"))
    folder.chmod(0o755)
    before = os.environ.get("INTERLINK_HOME")  # noqa: TID251 - the stack is started by a command
    os.environ["INTERLINK_HOME"] = str(folder)  # noqa: TID251 - as above
    made = started(folder)
    yield made
    stopped(made)
    if before is None:
        del os.environ["INTERLINK_HOME"]  # noqa: TID251 - as above
    else:
        os.environ["INTERLINK_HOME"] = before  # noqa: TID251 - as above
    shutil.rmtree(folder, ignore_errors=True)
