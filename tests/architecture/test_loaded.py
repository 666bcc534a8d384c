"""What a running service leaves unloaded: whatever is imported, each of eight processes holds for good."""

import subprocess
import sys

import pytest

UNUSED = {
    "alembic": "`migrate` alone changes schemas",
    "numpy": "it is for those who build network snapshots, not for those who look up in them",
    "sqlalchemy.orm": "statements go straight to the driver",
    "sqlalchemy.ext.asyncio": "they need no engine",
}
LISTED = "import sys, kit.process, {service}.service; print(*sys.modules, sep='\\n')"


@pytest.mark.parametrize("service", ["intake", "routing", "isp_liaison", "notifications"])
def test_a_service_loads_nothing_that_it_never_uses(service: str) -> None:
    loaded = subprocess.check_output([sys.executable, "-c", LISTED.format(service=service)], text=True).split()
    assert {name: why for name, why in UNUSED.items() if name in loaded} == {}
    assert "asyncpg" in loaded
