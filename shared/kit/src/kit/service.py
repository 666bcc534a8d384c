"""What a service is, on one screen: routes, event handlers, jobs, published events. The only wiring.

AsyncAPI, topic rights, health checks and the supervisor's process list are derived from these declarations.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fastapi import APIRouter

from contracts.model import Contract
from kit.database import Database
from kit.dispatch import Handler
from kit.jobs import GroupType, JobType
from kit.kafka import group_of
from kit.keyring import Keyring
from kit.settings import ServiceSettings
from kit.time import Clock

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime(Generic[SettingsT]):
    """What a process gives its service to build itself from."""

    settings: SettingsT
    clock: Clock
    database: Database
    keyring: Keyring


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service. `build` makes its application object, which every route, handler and job receives."""

    name: str
    """As in topics, groups and URLs: `isp-liaison`."""
    package: str
    """As in Python and Postgres: `isp_liaison`."""
    title: str
    settings: type[ServiceSettings]
    build: Callable[[Runtime[Any]], Any]
    routes: Sequence[APIRouter] = ()
    handlers: Sequence[Handler] = ()
    jobs: Sequence[JobType | GroupType] = ()
    publishes: Sequence[type[Contract]] = ()
    prepare: Callable[[Any], None] | None = None
    """Run by `migrate` with the settings: what processes then share on disk, so that none has to make it."""
    start: Callable[[Any], Awaitable[None]] | None = None
    """Run once in each process before it is ready (seeds, caches). Safe to run in several at once."""
    background: Sequence[Callable[[Any, asyncio.Event], Awaitable[None]]] = ()
    """Tasks of each process with the role `api`, until the event is set (group commits)."""

    @property
    def group(self) -> str:
        """The service's consumer group."""
        return group_of(self.name)

    def configured(self) -> ServiceSettings:
        """The settings, from the environment."""
        return self.settings(_env_prefix=f"{self.package.upper()}_")  # pyright: ignore[reportCallIssue]  # pydantic's own parameter
