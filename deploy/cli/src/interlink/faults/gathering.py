"""Collects the evidence: topics from their beginning, the lists of providers and agencies, what the operator sees."""

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID

import httpx
from confluent_kafka import Consumer, Message, TopicPartition

from contracts import envelope
from contracts.registry import BY_TYPE, TOPICS, Topic
from interlink.faults.evidence import AtAgency, AtProvider, Evidence, InFeed, Record
from interlink.faults.load import Partners
from interlink.observing.report import Report, look
from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.secrets import PROVIDERS
from interlink.stack.servers import Broker
from sandbox.agencies import Agencies
from sandbox.calls import RefusedError

PATIENCE_SECONDS = 10.0
BATCH = 500
PASSING = "died lately"
"""What `interlink status` says of a process that was killed and is well again."""


def gathered(home: Home, partners: Partners, agencies: Agencies) -> Evidence:
    """Everything that can be seen now. Raises `StackError` or `httpx.HTTPError` when something does not answer.

    Desks go on meanwhile, so what follows from something is read before it: nothing seems to come of nothing.
    """
    posts = partners.posts
    numbers = {answer.number: answer.partner for answer in posts.answers if answer.taken}
    arrived = webhooks(home)
    return Evidence(
        answers=list(posts.answers),
        posted={reference: dict(versions) for reference, versions in posts.posted.items()},
        progress={number: partners.progress(number, partner) for number, partner in sorted(numbers.items())},
        webhooks=arrived,
        feeds={agency: feed(agencies, agency) for agency in sorted({hook.agency for hook in arrived})},
        records=[record for topic in reversed(TOPICS) for record in _records(home, topic)],
        lines=lines(home),
        leftovers=leftovers(home) + posts.refused,
    )


def leftovers(home: Home) -> list[str]:
    """What waits or is wrong, in the operator's words; recurring work that is not due is no leftover."""
    report = look(home)
    return [words for words in report.problems if PASSING not in words] + list(_waiting(report))


def lines(home: Home) -> list[AtProvider]:
    """Every line as the providers have it."""
    sandbox = running.required(home).sandbox["providers"]
    with httpx.Client(base_url=sandbox, trust_env=False, timeout=PATIENCE_SECONDS) as http:
        return [
            AtProvider(provider=provider, number=item["number"], line=line)
            for provider, path in PROVIDERS.items()
            for item in http.get(f"/{path}/requests").raise_for_status().json()["items"]
            for line in item["lines"]
        ]


def webhooks(home: Home) -> list[AtAgency]:
    """Every webhook as the agencies have it."""
    sandbox = running.required(home).sandbox["receivers"]
    with httpx.Client(base_url=sandbox, trust_env=False, timeout=PATIENCE_SECONDS) as http:
        items = http.get("/received").raise_for_status().json()["items"]
    return [
        AtAgency(
            agency=item["agency"],
            webhook=item["id"],
            type=item["type"],
            notice=item["subject"],
            items=item["items"],
        )
        for item in items
    ]


def feed(agencies: Agencies, agency: str) -> list[InFeed]:
    """The agency's feed to its present end. Raises `StackError` where the service refuses."""
    found: list[InFeed] = []
    after: str | None = None
    try:
        while part := (read := agencies.events(agency, after)).events:
            found += [
                InFeed(event=UUID(one["id"]), type=one["type"], referral=one["data"].get("referral", ""))
                for one in part
            ]
            after = read.next
    except RefusedError as refused:
        raise StackError(str(refused)) from refused
    return found


def _waiting(report: Report) -> Iterator[str]:
    for lag in report.lag:
        if lag.lag:
            yield f"{lag.service} is {lag.lag} records behind on {lag.topic}"
    for service, outbox in report.outbox.items():
        if outbox.rows:
            yield f"{outbox.rows} events of {service} have not left"


def _records(home: Home, topic: Topic) -> Iterator[Record]:
    settings = Broker(home=home).admin_settings | {"group.id": "faults.reader", "enable.auto.commit": "false"}
    with closing(Consumer(settings)) as consumer:
        waiting, places = 0, []
        for number in range(topic.partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=PATIENCE_SECONDS)
            places.append(TopicPartition(topic.name, number, first))
            waiting += end - first
        consumer.assign(places)
        while waiting > 0:
            messages = consumer.consume(min(waiting, BATCH), PATIENCE_SECONDS)
            if not messages:
                raise StackError(f"{waiting} records of {topic.name} could not be read.")
            for message in messages:
                if message.error() is not None:
                    raise StackError(f"Kafka gives no records of {topic.name}: {message.error()}")
                yield _record(topic, message)
            waiting -= len(messages)


def _record(topic: Topic, message: Message) -> Record:
    headers = [(name, value) for name, value in message.headers() or () if isinstance(value, bytes)]
    told = envelope.decode(headers)
    value = message.value()
    key = message.key()
    return Record(
        topic=topic.name,
        key="" if key is None else key.decode(),
        envelope=told,
        event=BY_TYPE[told.type].model.model_validate_json(value if value is not None else b""),
        at=message.timestamp()[1] / 1000,
    )
