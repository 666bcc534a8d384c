"""One very large file as NDJSON to `POST /v1/referrals:batch`: its bytes made ahead, sent as fast as they are taken."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from interlink.benching.bodies import Bodies
from interlink.benching.ground import Ground
from interlink.benching.load import Answer, Connection, Place, refuse_unexpected
from interlink.benching.posting import CREATED

PATH = "/v1/referrals:batch"
PIECE = 64 * 1024
ABSENT = frozenset({404, 405})
NO_ENDPOINT = f"The endpoint POST {PATH} is absent in this build: nothing was measured."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in pieces."""

    suspects: int
    pieces: Sequence[bytes]

    @classmethod
    def of(cls, suspects: int) -> "Upload":
        """A fresh file of so many suspects."""
        whole = b"".join(Bodies().lines(suspects))
        return cls(suspects, [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)])

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.pieces))

    async def send(self, place: Place, token: str) -> Answer:
        """Hand it in, over a connection of its own."""
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/x-ndjson\r\nIdempotency-Key: bench-batch-{time.time_ns()}\r\n"
            f"Content-Length: {self.size}\r\n\r\n"
        )
        connection = await Connection.open(place)
        try:
            return await connection.upload(head.encode(), self.pieces)
        finally:
            await connection.close()

    async def rate(self, place: Place, token: str) -> float:
        """Suspects a second until the answer. Raises `StackError` for a refusal."""
        answer = await self.send(place, token)
        refuse_unexpected([answer], CREATED)
        return self.suspects / answer.seconds


async def offered(ground: Ground) -> bool:
    """Whether this build takes such files: a file of one suspect says so, and warms the way."""
    answer = await Upload.of(1).send(ground.place("intake"), ground.token("referrals:write"))
    if answer.status in ABSENT:
        return False
    refuse_unexpected([answer], CREATED)
    return True
