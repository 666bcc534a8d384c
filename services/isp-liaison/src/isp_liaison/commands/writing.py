"""What people write about a request, and the bytes that go to its provider, are kept sealed."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import orjson

from isp_liaison import sealing
from isp_liaison.application import Application
from isp_liaison.domain.authorities import Grounds
from isp_liaison.domain.requests import Request
from isp_liaison.store import requests
from isp_liaison.store.lines import Line
from kit.database import Transaction
from kit.errors import Rejected


async def keep_grounds(
    app: Application, tx: Transaction, request: Request, lines: Sequence[Line], grounds: Grounds
) -> None:
    """The officer and the grounds."""
    await keep_bytes(app, tx, request, sealing.GROUNDS, lines, orjson.dumps(asdict(grounds)))


async def keep_text(
    app: Application, tx: Transaction, request: Request, kind: str, lines: Sequence[Line], text: str
) -> None:
    """A reason in somebody's words; not kept where every referral that it could be about was erased."""
    readable = await alive(app, lines)
    if readable:
        await keep_bytes(app, tx, request, kind, readable, text.encode())


async def alive(app: Application, lines: Iterable[Line]) -> list[Line]:
    """Those of the lines whose referral was not erased."""
    given = list(lines)
    keys = await sealing.keys(app.keyring, {line.key for line in given})
    return [line for line in given if line.key in keys]


async def keep_bytes(
    app: Application, tx: Transaction, request: Request, kind: str, lines: Sequence[Line], plaintext: bytes
) -> None:
    """Sealed under the key of every referral that these lines came from.

    Raises:
        Rejected: one of them was erased, so nothing can be asked for it any more.
    """
    wanted = sorted({line.key for line in lines})
    keys = await sealing.keys(app.keyring, wanted)
    if not wanted or len(keys) < len(wanted):
        raise Rejected("line.erased", "A referral that it rests on was erased.")
    data = sealing.seal([keys[one] for one in wanted], plaintext, sealing.text_context(request.id, kind))
    await requests.keep_sealed(tx, request.id, kind, keys=wanted, data=data, testmode=request.testmode)
