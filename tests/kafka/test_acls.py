"""Who may do what on the broker: tried as each user, on the real one."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka import KafkaError as Code
from confluent_kafka.admin import AclOperation, AdminClient, NewTopic

from contracts import registry
from contracts.access import OPERATOR, Declaration
from contracts.events.entries import SuspectReported
from contracts.events.referrals import ReferralReceived
from interlink.observing import dead_letters
from interlink.stack import topics
from interlink.stack.home import Home
from interlink.stack.kafka import ADMIN, SECURITY, Kafka, admin_client
from interlink.stack.layout import StackError
from interlink.stack.secrets import KAFKA_USERS, SUBSCRIBER
from kit import deadletter
from kit.kafka import KafkaAccess, dead_letter_topic, replay_topic
from kit.outbox import Raw

PASSWORDS = {user: f"synthetic0{user.replace('-', '')}" for user in KAFKA_USERS}
WRITERS = [(topic.name, topic.writer) for topic in registry.TOPICS]


@pytest.fixture(scope="module")
def admin(kafka: Kafka) -> AdminClient:
    """The administrator, after everything that is declared was created."""
    client = admin_client(kafka.client_settings())
    topics.apply(client, topics.declarations(), PASSWORDS)
    return client


@pytest.fixture
def broker(kafka: Kafka, admin: AdminClient) -> Iterator[Kafka]:
    """A broker with topics, users and rights."""
    yield kafka
    topics.apply(admin, topics.declarations(), PASSWORDS)  # rights that a test took away


def settings_of(broker: Kafka, user: str) -> dict[str, str]:
    return broker.client_settings(user, PASSWORDS.get(user)) | {"log_level": "0"}


def write(broker: Kafka, user: str, topic: str) -> int | None:
    """What Kafka answers to a record; None when it takes it."""
    answers: list[int | None] = []
    # Not idempotent: who may write nothing at all would fail before the topic is asked about.
    producer = Producer(settings_of(broker, user) | {"acks": "all"})
    producer.produce(
        topic,
        b"x",
        b"k",  # a compacted topic takes no record without a key
        partition=0,
        on_delivery=lambda error, _: answers.append(None if error is None else error.code()),
    )
    producer.flush(20)
    (answer,) = answers
    return answer


def read(broker: Kafka, user: str, topic: str) -> int | None:
    """What Kafka answers to a reader of the topic, which has a record; None when it serves it."""
    write(broker, ADMIN, topic)
    group = f"{user}.test" if user in (SUBSCRIBER, OPERATOR) else f"interlink.{user}"
    with closing(Consumer(settings_of(broker, user) | {"group.id": group})) as consumer:
        hidden = consumer.list_topics(topic, timeout=20).topics[topic].error  # wants the right to DESCRIBE
        if hidden is not None:
            return hidden.code()
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(20)  # wants the right to READ
        assert message is not None
        error = message.error()
        return None if error is None else error.code()


async def join(broker: Kafka, user: str, topic: str, group: str) -> type[BaseException] | None:
    """What refuses a member of that group; None when it is let in."""
    access = KafkaAccess(bootstrap=broker.bootstrap, security=SECURITY, user=user, password=PASSWORDS[user])
    consumer = AIOKafkaConsumer(topic, group_id=group, enable_auto_commit=False, **access.client_options())
    try:
        async with asyncio.timeout(30):
            await consumer.start()
    except KafkaError as error:
        return type(error)
    finally:
        await consumer.stop()
    return None


@pytest.mark.parametrize(("topic", "writer"), WRITERS)
def test_only_its_writer_may_write_a_topic(broker: Kafka, topic: str, writer: str) -> None:
    assert write(broker, writer, topic) is None
    other = "routing" if writer != "routing" else "intake"
    assert write(broker, other, topic) == Code.TOPIC_AUTHORIZATION_FAILED


def test_a_refused_topic_leaves_the_producer_usable_for_its_own(broker: Kafka) -> None:
    answers: list[bool] = []
    producer = Producer(settings_of(broker, "intake") | {"acks": "all", "enable.idempotence": "true"})
    for topic in ("interlink.jurisdictions", "interlink.referrals"):
        producer.produce(topic, b"x", b"k", on_delivery=lambda error, _: answers.append(error is None))
        producer.flush(20)
    assert answers == [False, True]


def test_a_service_reads_what_it_subscribes(broker: Kafka) -> None:
    assert read(broker, "routing", "interlink.suspects") is None


def test_a_service_cannot_read_a_topic_it_does_not_subscribe(broker: Kafka) -> None:
    answer = read(broker, "notifications", "interlink.suspects")
    assert answer == Code.TOPIC_AUTHORIZATION_FAILED


async def test_a_service_joins_its_own_group_and_no_other(broker: Kafka) -> None:
    refused = GroupAuthorizationFailedError
    assert await join(broker, "routing", "interlink.suspects", "interlink.routing") is None
    assert await join(broker, "routing", "interlink.suspects", "interlink.intake") is refused
    assert await join(broker, SUBSCRIBER, "interlink.jurisdictions", f"{SUBSCRIBER}.example") is None
    assert await join(broker, SUBSCRIBER, "interlink.jurisdictions", "interlink.intake") is refused


def test_a_service_writes_its_own_dead_letters_and_reads_its_own_replays_only(broker: Kafka) -> None:
    letters, replays = (f"interlink.suspects.{kind}.interlink.routing" for kind in ("dlq", "replay"))
    assert write(broker, "routing", letters) is None
    assert write(broker, "intake", letters) == Code.TOPIC_AUTHORIZATION_FAILED
    assert read(broker, "routing", replays) is None
    assert write(broker, "routing", replays) == Code.TOPIC_AUTHORIZATION_FAILED


def test_an_operator_replays_dead_letters_but_reads_no_events(broker: Kafka) -> None:
    letters, replays = (f"interlink.suspects.{kind}.interlink.routing" for kind in ("dlq", "replay"))
    assert write(broker, "operator", replays) is None
    assert read(broker, "operator", "interlink.suspects") == Code.TOPIC_AUTHORIZATION_FAILED
    assert read(broker, "operator", letters) is None


def home_of(broker: Kafka, folder: Path) -> Home:
    """Where an operator's commands find that broker and their password."""
    home = Home(folder)
    home.ports_file.write_text(json.dumps({"kafka": broker.ports.client}))
    (folder / "secrets.json").write_text(json.dumps({f"kafka.{user}": word for user, word in PASSWORDS.items()}))
    return home


def dead_letter_of(topic: str, group: str) -> Raw:
    return deadletter.write(
        Raw(topic=topic, key=b"k", headers=[], payload=b"x"),
        deadletter.Origin(topic=topic, partition=0, offset=7, timestamp=0),
        deadletter.Reason(error="PoisonError", message="synthetic", attempts=3),
        group=group,
        now=datetime(2026, 11, 26, tzinfo=UTC),
    )


def everything(broker: Kafka, topic: str) -> list[list[tuple[str, bytes]]]:
    """The headers of every record of a topic."""
    with closing(Consumer(settings_of(broker, ADMIN) | {"group.id": "tests.reader"})) as consumer:
        places = [TopicPartition(topic, number, 0) for number in consumer.list_topics(topic).topics[topic].partitions]
        ends = [consumer.get_watermark_offsets(place, timeout=20)[1] for place in places]
        consumer.assign(places)
        found = consumer.consume(sum(ends), 20) if any(ends) else []
        return [[(name, value) for name, value in one.headers() or () if isinstance(value, bytes)] for one in found]


def test_a_group_is_told_of_a_dropped_letter_before_it_is_gone(
    broker: Kafka, admin: AdminClient, tmp_path: Path
) -> None:
    """Where the deletion fails what waits behind it goes on all the same, and the letter can be dropped again."""
    topic, group = "interlink.victims", "interlink.routing"
    letter, home = dead_letter_of(topic, group), home_of(broker, tmp_path)
    producer = Producer(settings_of(broker, "routing"))
    producer.produce(letter.topic, letter.payload, letter.key, 0, headers=list(letter.headers))
    assert producer.flush(20) == 0
    wanted = topics.bindings(topics.declarations())
    deleting = (AclOperation.DELETE, "User:operator")
    topics.set_rights(admin, [one for one in wanted if (one.operation, one.principal) != deleting], PASSWORDS)

    letters = dead_letters.read_all(home, [dead_letter_topic(topic, group)])
    with pytest.raises(StackError, match="refused to delete"):
        dead_letters.drop(home, letters)
    (told,) = everything(broker, replay_topic(topic, group))
    assert deadletter.is_dropped(told)

    topics.set_rights(admin, wanted, PASSWORDS)
    dead_letters.drop(home, letters)
    assert dead_letters.read_all(home, [dead_letter_topic(topic, group)]) == []


def test_an_internal_subscriber_reads_topics_without_personal_data_only(broker: Kafka) -> None:
    for topic in registry.TOPICS:
        answer = read(broker, SUBSCRIBER, topic.name)
        open_to_it = topic.personal is registry.PersonalData.NONE
        assert answer == (None if open_to_it else Code.TOPIC_AUTHORIZATION_FAILED), topic.name
    assert write(broker, SUBSCRIBER, "interlink.jurisdictions") == Code.TOPIC_AUTHORIZATION_FAILED


def test_a_service_cannot_create_topics(broker: Kafka) -> None:
    client = admin_client(settings_of(broker, "intake"))
    (answer,) = client.create_topics([NewTopic(f"interlink.{uuid.uuid4()}", 1, 1)]).values()
    with pytest.raises(KafkaException) as refused:
        answer.result(20)
    assert refused.value.args[0].code() in (
        Code.TOPIC_AUTHORIZATION_FAILED,
        Code.CLUSTER_AUTHORIZATION_FAILED,
    )


def test_a_topic_that_nobody_declared_is_not_made_by_writing_to_it(broker: Kafka, admin: AdminClient) -> None:
    name = f"interlink.{uuid.uuid4()}"
    assert write(broker, "intake", name) is not None
    assert name not in admin.list_topics(timeout=20).topics


def test_a_wrong_password_lets_nobody_in(broker: Kafka) -> None:
    client = admin_client(broker.client_settings("intake", "wrong"))
    with pytest.raises(KafkaException):
        client.list_topics(timeout=3)


def test_creating_everything_again_changes_nothing(broker: Kafka, admin: AdminClient) -> None:
    declared = topics.declarations()
    assert topics.create_topics(admin, topics.planned(declared)) == []
    topics.apply(admin, declared, PASSWORDS)
    assert write(broker, "intake", "interlink.suspects") is None


def test_a_right_that_nobody_declares_any_more_is_taken_back(broker: Kafka, admin: AdminClient) -> None:
    declared = [each for each in topics.declarations() if each.name != "isp-liaison"]
    reading = Declaration(name="isp-liaison", reads=frozenset({SuspectReported, ReferralReceived}))
    topics.apply(admin, [*declared, reading], PASSWORDS)
    assert read(broker, "isp-liaison", "interlink.suspects") is None
    topics.apply(admin, [*declared, Declaration(name="isp-liaison", reads=frozenset({ReferralReceived}))], PASSWORDS)
    answer = read(broker, "isp-liaison", "interlink.suspects")
    assert answer == Code.TOPIC_AUTHORIZATION_FAILED
