"""The processes of the suite and what each is told by its environment."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from contracts.registry import SERVICES
from interlink.stack.bootstrap import role_url
from interlink.stack.layout import LOCAL, StackError
from interlink.stack.ports import HOST
from interlink.stack.secrets import PROVIDERS, schema_of

FILE = LOCAL / "processes.toml"
SANDBOX = "sandbox"


class Restart(StrEnum):
    """How a process is exchanged for a fresh one."""

    OVERLAP = "overlap"
    REPLACE = "replace"


class Need(StrEnum):
    """A server that must be there before a process starts."""

    POSTGRES = "postgres"
    KAFKA = "kafka"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One entry of the process list."""

    name: str
    service: str
    role: str
    arguments: tuple[str, ...]
    port: str
    socket: str
    needs: frozenset[Need]
    restart: Restart


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAddress:
    """Where Kafka is and how one speaks to it."""

    bootstrap: str
    security: str
    ca: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """All that processes are told: addresses, secrets, the home."""

    home: Path
    database_admin_url: str
    kafka: KafkaAddress
    issuer: str
    addresses: Mapping[str, str]
    """Base URL of each process, by its name."""
    secrets: Mapping[str, str]


def load(file: Path = FILE) -> tuple[Process, ...]:
    """The process list. Raises `StackError` for one that is wrong."""
    found = tuple(
        Process(
            name=entry["name"],
            service=entry["service"],
            role=entry["role"],
            arguments=tuple(entry["arguments"]),
            port=entry["port"],
            socket=entry["socket"],
            needs=frozenset(Need(need) for need in entry["needs"]),
            restart=Restart(entry["restart"]),
        )
        for entry in tomllib.loads(file.read_text())["process"]
    )
    for field in ("name", "port"):
        values = [getattr(process, field) for process in found]
        if len(set(values)) < len(values):
            raise StackError(f"{file} gives two processes the same {field}.")
    unknown = {process.service for process in found} - {*SERVICES, SANDBOX}
    if unknown:
        raise StackError(f"{file} names services that do not exist: {', '.join(sorted(unknown))}.")
    return found


def is_door(process: Process) -> bool:
    """Whether others post to it: the first to stop."""
    return process.role == "api"


def base_url(port: int) -> str:
    """Where a local process listens."""
    return f"http://{HOST}:{port}"


def environment(process: Process, around: Surroundings) -> dict[str, str]:
    """The variables of a process, but for the number of its socket."""
    if process.service == SANDBOX:
        return _shared(around) | _SANDBOX[process.role](around)
    prefix = _prefix(process.service)
    return _service(process.service, around) | {f"{prefix}_CONSUMER_INSTANCE": process.name}


def _issuer(around: Surroundings) -> dict[str, str]:
    return {
        "SANDBOX_SECRET": around.secrets["sandbox"],
        "SANDBOX_KEY_FILE": str(around.home / "sandbox" / "issuer.key"),
    }


def _providers(around: Surroundings) -> dict[str, str]:
    """They answer through liaison's API, so they need tokens."""
    return {
        "SANDBOX_SECRET": around.secrets["sandbox"],
        "SANDBOX_PROVIDER_SECRETS": _listed({name: around.secrets[f"provider.{name}"] for name in PROVIDERS}),
        "SANDBOX_LIAISON_URL": around.addresses["isp-liaison-api"],
    }


def _receivers(_around: Surroundings) -> dict[str, str]:
    """They get their secrets from whoever registers an endpoint."""
    return {}


_SANDBOX = {"issuer": _issuer, "providers": _providers, "receivers": _receivers}


def _liaison(around: Surroundings) -> dict[str, str]:
    providers = around.addresses["providers"]
    return {
        "ISP_LIAISON_SANDBOX_CHANNELS": _listed({name: f"{providers}/{path}" for name, path in PROVIDERS.items()}),
        "ISP_LIAISON_CHANNEL_SECRETS": _listed({name: around.secrets[f"provider.{name}"] for name in PROVIDERS}),
        "INTERLINK_ALLOWED_HOSTS": _private(providers),
    }


def _notifications(around: Surroundings) -> dict[str, str]:
    return {
        "NOTIFICATIONS_WEBHOOK_KEY": around.secrets["webhook"],
        "NOTIFICATIONS_PUBLIC_URL": around.addresses["notifications-api"],
        "INTERLINK_ALLOWED_HOSTS": _private(around.addresses["receivers"]),
    }


_OWN = {"isp-liaison": _liaison, "notifications": _notifications}
"""What only these services are told."""


def _listed(values: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in values.items())


def _private(url: str) -> str:
    """The one host and port of this machine that a service may call: the sandbox, nothing else that listens here."""
    return url.removeprefix("http://")


def migration_environment(service: str, around: Surroundings) -> dict[str, str]:
    """What `migrate` is told: as a service, and the owners' URLs besides."""
    schema = schema_of(service)
    return _service(service, around) | {
        f"{_prefix(service)}_OWNER_DATABASE_URL": _url(around, f"{schema}_owner"),
    }


def _prefix(service: str) -> str:
    return schema_of(service).upper()


def _url(around: Surroundings, role: str) -> str:
    return role_url(around.database_admin_url, role, around.secrets[f"postgres.{role}"])


def _shared(around: Surroundings) -> dict[str, str]:
    return {
        "INTERLINK_HOME": str(around.home),
        "INTERLINK_ISSUER": around.issuer,
        "INTERLINK_AUDIENCE": "interlink",
        "PYTHONUNBUFFERED": "1",
        # glibc keeps an arena per thread and returns little: measured, 10 MB a process after a load.
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_TRIM_THRESHOLD_": "262144",
    }


def _service(service: str, around: Surroundings) -> dict[str, str]:
    schema, prefix = schema_of(service), _prefix(service)
    told = _shared(around) | {
        f"{prefix}_API_DATABASE_URL": _url(around, f"{schema}_api"),
        f"{prefix}_SYSTEM_DATABASE_URL": _url(around, f"{schema}_system"),
        "KEYRING_DATABASE_URL": _url(around, f"{schema}_system"),
        "INTERLINK_KAFKA": around.kafka.bootstrap,
        "INTERLINK_KAFKA_SECURITY": around.kafka.security,
        f"{prefix}_KAFKA_USER": service,
        f"{prefix}_KAFKA_PASSWORD": around.secrets[f"kafka.{service}"],
        "INTERLINK_MASTER_KEY": around.secrets["master"],
        "INTERLINK_INDEX_KEY": around.secrets["index"],
        f"{prefix}_AUDIT_KEY": around.secrets[f"audit.{schema}"],
    }
    told |= _OWN[service](around) if service in _OWN else {}
    if around.kafka.ca is not None:
        told["INTERLINK_KAFKA_CA"] = str(around.kafka.ca)
    return told
