"""Leaving a consumer group."""

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaConnectionError
from structlog.testing import capture_logs

from kit.joining import left


class Unreachable(AIOKafkaConsumer):
    """A client whose broker went away before it could say that it leaves."""

    def __init__(self) -> None:
        """Never started."""

    def __del__(self) -> None:
        """Nothing to close."""

    async def stop(self) -> None:
        """As aiokafka, without a coordinator."""
        raise KafkaConnectionError


async def test_a_client_that_cannot_be_closed_is_noted_and_ends_nobody() -> None:
    with capture_logs() as logs:
        await left(Unreachable())
    assert [one["event"] for one in logs] == ["consumer.not_closed"]
