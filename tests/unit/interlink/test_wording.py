"""`interlink status` says in sentences what is wrong, and nothing of what is well."""

from dataclasses import replace

from interlink.observing import wording
from interlink.observing.databases import Waiting
from interlink.stack.state import Phase, ProcessState, ServerState, State

NOW = 1_000_000.0
WELL = Waiting(
    outbox_rows=3,
    outbox_age=0.2,
    outbox_dead=0,
    jobs_dead=0,
    jobs_overdue=0,
    job_kind="inbox.partitions",
    job_age=0.1,
    last_commit=400.0,
    parked_keys=0,
    parked_records=0,
    positions={},
)
WORKER = ProcessState(
    name="routing-worker", service="routing", role="consume work", port=18182, pid=7, created=NOW - 5, ready=True
)


def stack(process: ProcessState, kafka: int | None = 9, restarts: int = 0) -> State:
    return State(
        supervisor=1,
        created=0.0,
        phase=Phase.RUNNING,
        doing="",
        issuer="",
        services={},
        sandbox={},
        postgres=ServerState(embedded=True, pid=8),
        kafka=ServerState(embedded=True, pid=kafka, restarts=restarts),
        processes=[process],
    )


def test_nothing_is_said_of_what_is_well() -> None:
    assert wording.of_processes(stack(WORKER), NOW) == []
    assert wording.of_database("routing", WELL) == []
    assert wording.of_dead_letters({"interlink.suspects.dlq.interlink.routing": 0}) == []
    assert wording.of_lag([("routing", "interlink.suspects", 0)], {"routing": 400.0}) == []


def test_a_process_that_is_away_not_ready_or_died_lately_is_named_with_its_restarts() -> None:
    away = replace(WORKER, pid=None, reason="killed by SIGKILL", log="/logs/routing-worker.log")
    assert wording.of_processes(stack(away), NOW) == [
        "routing-worker is not running (killed by SIGKILL): see /logs/routing-worker.log"
    ]
    assert wording.of_processes(stack(replace(WORKER, ready=False)), NOW) == [
        "routing-worker is not ready: ask http://127.0.0.1:18182/health/ready"
    ]
    again = replace(WORKER, restarts=3, reason="exit code 1", log="/logs/routing-worker.log")
    assert wording.of_processes(stack(again), NOW) == [
        "routing-worker died lately (exit code 1) and runs again, restarted 3 times so far: "
        "see /logs/routing-worker.log"
    ]
    assert wording.of_processes(stack(replace(again, created=NOW - 61)), NOW) == [], "what is over is a column only"


def test_a_server_that_is_down_is_named_with_its_restarts() -> None:
    assert wording.of_processes(stack(WORKER, kafka=None, restarts=1), NOW) == [
        "Kafka is down, restarted once so far; the supervisor starts it again"
    ]


def test_what_waits_too_long_in_a_database_is_told_with_its_age() -> None:
    outbox = replace(WELL, outbox_age=42.3, outbox_dead=2)
    assert wording.of_database("intake", outbox) == [
        "The oldest outbox row of intake waits since 42 s: is Kafka up?",
        "2 outbox rows of intake were refused for good: interlink outbox",
    ]
    jobs = replace(WELL, jobs_dead=1, jobs_overdue=4, job_kind="webhook.deliver", job_age=131.4)
    assert wording.of_database("notifications", jobs) == [
        "1 jobs of notifications are dead: interlink jobs",
        "4 jobs of notifications are due for more than a minute, the oldest (webhook.deliver) since 131 s: "
        "is notifications-worker up?",
    ]
    parked = replace(WELL, parked_keys=1, parked_records=6)
    assert wording.of_database("routing", parked) == [
        "6 events of 1 keys wait in routing behind a dead letter: interlink dlq list"
    ]


def test_dead_letters_are_counted_by_their_topic() -> None:
    assert wording.of_dead_letters({"interlink.suspects.dlq.interlink.routing": 2}) == [
        "2 dead letters in interlink.suspects.dlq.interlink.routing: interlink dlq list"
    ]


def test_who_is_far_behind_is_named_and_who_is_behind_and_silent() -> None:
    behind = [("routing", "interlink.suspects", 10_001), ("routing", "interlink.victims", 1), ("intake", "x", 1)]
    assert wording.of_lag(behind, {"routing": 61.0, "intake": 2.0}) == [
        "routing is 10001 records behind on interlink.suspects",
        "routing committed nothing it read for 61 s and is 10002 records behind: see the log of routing-worker",
    ]


def test_nothing_is_said_of_a_commit_whose_time_nobody_knows() -> None:
    assert wording.of_lag([("routing", "interlink.suspects", 5)], {"routing": None}) == []
