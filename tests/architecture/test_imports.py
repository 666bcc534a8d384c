"""import-linter holds the layers, and would notice each breach."""

import subprocess
import sys
from pathlib import Path

import pytest
from architecture.sources import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")

# A small house with every room, by module; then one import that breaks each contract.
HOUSE = (
    "contracts.events.entries", "contracts.personal", "kit.database", "kit.consumer", "kit.producer",
    "intake.service", "intake.api.referrals", "intake.handlers", "intake.commands", "intake.store.tables",
    "intake.domain.grading", "intake.formats.native", "intake.jobs", "routing.service", "routing.queries",
    "routing.store.tables", "routing.domain.assigning", "sandbox.issuer", "interlink.demo",
    "isp_liaison.service", "isp_liaison.jobs", "isp_liaison.handlers", "isp_liaison.channels.http",
    "isp_liaison.commands.approve", "notifications.service", "notifications.queries",
)  # fmt: skip
BREACHES = {
    "services that never meet": ("routing.queries", "intake.commands"),
    "kit below services": ("kit.database", "intake.domain.grading"),
    "outside world": ("sandbox.issuer", "routing.queries"),
    "wiring, then doors": ("intake.commands", "intake.api.referrals"),
    "then domain": ("routing.domain.assigning", "routing.store.tables"),
    "reach the store": ("intake.handlers", "intake.store.tables"),
    "reached from the door": ("intake.jobs", "intake.formats.native"),
    "reached from jobs alone": ("isp_liaison.commands.approve", "isp_liaison.channels.http"),
    "Kafka client": ("intake.handlers", "aiokafka"),
    "no event's payload": ("kit.database", "contracts.events.entries"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs the project's contracts on the packages that a folder holds, or else the installed ones."""
    return subprocess.run(
        [LINTER, "--no-cache", "--no-logo", "--config", ROOT / ".importlinter"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The small house on disk."""
    for module in HOUSE:
        path = tmp_path / (module.replace(".", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        for package in path.relative_to(tmp_path).parents[:-1]:
            (tmp_path / package / "__init__.py").touch()
    return tmp_path


def test_the_code_keeps_its_layers() -> None:
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_a_house_in_order_passes(house: Path) -> None:
    (house / "kit/consumer.py").write_text("import aiokafka\n")
    (house / "intake/api/referrals.py").write_text("from intake.formats import native\nfrom intake import commands\n")
    (house / "isp_liaison/jobs.py").write_text("from isp_liaison.channels import http\n")
    answer = lint(house)
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_of_a_layer_is_noticed(house: Path, contract: str) -> None:
    importer, module = BREACHES[contract]
    (house / (importer.replace(".", "/") + ".py")).write_text(f"import {module}\n")
    answer = lint(house)
    assert answer.returncode == 1, answer.stdout
    broken = " ".join(answer.stdout.partition("Broken contracts")[2].split())
    assert contract in broken
    assert importer in broken
