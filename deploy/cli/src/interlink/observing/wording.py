"""What is wrong with a stack, in sentences that say what to do: one for each thing, none for what is well."""

from collections.abc import Iterable, Mapping

from interlink.observing.databases import Waiting
from interlink.stack.state import State

OLD_OUTBOX_SECONDS = 10
MUCH_LAG = 10_000
RECENT_SECONDS = 60
SILENT_SECONDS = 60


def of_processes(found: State, now: float) -> list[str]:
    """Who does not run, is not ready, or died lately; `now` in seconds since 1970."""
    words: list[str] = []
    for process in found.processes:
        if process.pid is None:
            words.append(f"{process.name} is not running ({process.reason or 'not started yet'}): see {process.log}")
        elif not process.ready:
            words.append(f"{process.name} is not ready: ask http://127.0.0.1:{process.port}/health/ready")
        elif process.restarts and now - process.created < RECENT_SECONDS:
            words.append(
                f"{process.name} died lately ({process.reason}) and runs again, restarted "
                f"{_times(process.restarts)} so far: see {process.log}"
            )
    for name, server in (("Postgres", found.postgres), ("Kafka", found.kafka)):
        if server.embedded and server.pid is None:
            words.append(f"{name} is down, restarted {_times(server.restarts)} so far; the supervisor starts it again")
    return words


def of_database(service: str, seen: Waiting) -> list[str]:
    """What waits too long in a service's database, or for a person."""
    told = {
        f"The oldest outbox row of {service} waits since {seen.outbox_age:.0f} s: is Kafka up?": (
            seen.outbox_age > OLD_OUTBOX_SECONDS
        ),
        f"{seen.outbox_dead} outbox rows of {service} were refused for good: interlink outbox": bool(seen.outbox_dead),
        f"{seen.jobs_dead} jobs of {service} are dead: interlink jobs": bool(seen.jobs_dead),
        f"{seen.jobs_overdue} jobs of {service} are due for more than a minute, the oldest ({seen.job_kind}) since "
        f"{seen.job_age:.0f} s: is {service}-worker up?": bool(seen.jobs_overdue),
        f"{seen.parked_records} events of {seen.parked_keys} keys wait in {service} behind a dead letter: "
        "interlink dlq list": bool(seen.parked_keys),
    }
    return [words for words, wrong in told.items() if wrong]


def of_dead_letters(counts: Mapping[str, int]) -> list[str]:
    """Which topics of dead letters hold some."""
    return [f"{count} dead letters in {topic}: interlink dlq list" for topic, count in counts.items() if count]


def of_lag(behind: Iterable[tuple[str, str, int]], last_commit: Mapping[str, float | None]) -> list[str]:
    """Who is far behind, and who is behind and has committed nothing for a minute.

    `behind` are service, topic and records not handled; `last_commit` seconds ago, None where it is not known.
    """
    lags = list(behind)
    words = [f"{service} is {lag} records behind on {topic}" for service, topic, lag in lags if lag > MUCH_LAG]
    for service, age in last_commit.items():
        waiting = sum(lag for name, _, lag in lags if name == service)
        if waiting and age is not None and age > SILENT_SECONDS:
            words.append(
                f"{service} committed nothing it read for {age:.0f} s and is {waiting} records behind: "
                f"see the log of {service}-worker"
            )
    return words


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
