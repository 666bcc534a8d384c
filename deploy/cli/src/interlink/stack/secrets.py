"""Every secret of a local stack: made at its first start, kept in one file that only its owner can read."""

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from contracts.access import OPERATOR
from contracts.registry import SERVICES
from kit.roles import LOGINS

SUBSCRIBER = "subscriber"
KAFKA_USERS = (*SERVICES, OPERATOR, SUBSCRIBER)
KEYRING = "keyring"
PROVIDERS = {"provider-north": "north", "provider-east": "east"}
"""The sandbox's internet providers, each with its path in the process that plays them."""


def schema_of(service: str) -> str:
    """The Postgres schema (and Python package) of a service."""
    return service.replace("-", "_")


SCHEMAS = tuple(schema_of(service) for service in SERVICES)


def password() -> str:
    """32 letters and digits: quoted nowhere, safe in a URL, 128 bits."""
    return secrets.token_hex(16)


def key() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


def signing() -> str:
    """A secret of Standard Webhooks: 32 random bytes in base64, with their prefix."""
    return f"whsec_{key()}"


def needed() -> dict[str, Callable[[], str]]:
    """Names of all secrets and how each is made."""
    names: dict[str, Callable[[], str]] = {"kafka.admin": password, "kafka.controller": password}
    names |= {f"kafka.{user}": password for user in KAFKA_USERS}
    names |= {f"postgres.{schema}_{login}": password for schema in SCHEMAS for login in LOGINS}
    names |= {f"postgres.{KEYRING}_owner": password}
    names |= {f"audit.{schema}": key for schema in SCHEMAS}
    names |= {"master": key, "index": key, "webhook": key, "sandbox": password}
    names |= {f"provider.{name}": signing for name in PROVIDERS}
    return names


def complete(known: Mapping[str, str]) -> dict[str, str]:
    """What is known, and fresh ones for what is missing (a newer version may need more)."""
    return dict(known) | {name: make() for name, make in needed().items() if name not in known}


def load(file: Path) -> dict[str, str]:
    """The secrets in `file`; the file is made, or completed, first."""
    known: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    full = complete(known)
    if full != known:
        _write_private(file, json.dumps(full, indent=2) + "\n")
    return full


def _write_private(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    fresh.replace(file)
