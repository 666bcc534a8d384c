"""Secrets are made once, are the owner's alone, and fit where they are used."""

import base64
import stat
from pathlib import Path

from interlink.stack import secrets


def test_secrets_are_made_once_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    first = secrets.load(file)
    assert secrets.load(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_homes_share_no_secret(tmp_path: Path) -> None:
    one, other = secrets.load(tmp_path / "one.json"), secrets.load(tmp_path / "other.json")
    assert one.keys() == other.keys()
    assert not set(one.values()) & set(other.values())


def test_what_a_newer_version_needs_is_added_and_the_rest_is_kept() -> None:
    known = secrets.complete({})
    older = {name: secret for name, secret in known.items() if not name.startswith("audit.")}
    newer = secrets.complete(older)
    assert newer.keys() == known.keys()
    assert all(newer[name] == secret for name, secret in older.items())


def test_keys_have_the_length_that_the_services_want() -> None:
    made = secrets.complete({})
    for name in ("master", "index", "audit.intake", "audit.isp_liaison"):
        assert len(base64.b64decode(made[name])) == 32


def test_passwords_need_no_quoting_anywhere() -> None:
    made = secrets.complete({})
    assert all(secret.isalnum() for name, secret in made.items() if name.startswith(("postgres.", "kafka.")))


def test_every_service_has_its_users_from_the_first_day() -> None:
    made = secrets.complete({})
    for service in ("intake", "routing", "isp-liaison", "notifications"):
        schema = service.replace("-", "_")
        assert f"kafka.{service}" in made
        assert {f"postgres.{schema}_{login}" for login in ("owner", "api", "system")} <= made.keys()
