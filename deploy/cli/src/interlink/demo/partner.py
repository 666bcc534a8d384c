"""Posts as partners do: a token, one request a file, a receipt at once. Only public HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import httpx

from interlink.commands.token import fetch
from interlink.demo.story import Posted, Refusal
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from interlink.stack.state import State
from sandbox.generator.expectation import Expectation
from sandbox.generator.morning import Morning

BUREAU = "bureau-nl"
CLEARINGHOUSE = "clearinghouse"
SCOPES = ["referrals:write", "referrals:read"]
POSTS_AT_ONCE = 4


class Partners:
    """The two partners of a morning, with their tokens. Use in a `with` block."""

    def __init__(self, home: Home, found: State) -> None:
        self._intake = httpx.Client(base_url=found.services["intake"], timeout=60, trust_env=False)
        self._tokens = {name: fetch(home, found.issuer, name, SCOPES) for name in (BUREAU, CLEARINGHOUSE)}

    def __enter__(self) -> "Partners":
        """Ready to post."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._intake.close()

    def post(self, morning: Morning) -> Iterator[Posted]:
        """Post file and reports, several at a time, and yield the receipts as they come.

        Raises `StackError` with intake's words when a post is refused as a whole.
        """
        with ThreadPoolExecutor(POSTS_AT_ONCE) as pool:
            file = pool.submit(
                self._post,
                BUREAU,
                morning.file,
                {"Content-Type": "application/json", "Idempotency-Key": morning.reference},
                morning.native.expectation,
            )
            reports = [
                pool.submit(
                    self._post,
                    CLEARINGHOUSE,
                    report.body,
                    {
                        "Content-Type": report.media_type,
                        "Idempotency-Key": report.reference,
                        "Interlink-Reference": report.reference,
                    },
                    report.expectation,
                )
                for report in morning.reports
            ]
            for posted in (file, *reports):
                yield posted.result()

    def entries(self, posted: Posted) -> dict[UUID, str]:
        """Ids of the accepted entries of a referral and their best grade, as intake tells their partner."""
        found: dict[UUID, str] = {}
        after: int | None = 0
        while after is not None:
            answer = self._intake.get(
                f"/v1/referrals/{posted.number}", params={"after": after}, headers=self._login(posted.partner)
            )
            page = self._said(answer)
            found |= {UUID(entry["id"]): entry["grade"] for entry in page["entries"]}
            after = page["next"]
        return found

    def _post(self, partner: str, body: bytes, headers: dict[str, str], expectation: Expectation) -> Posted:
        answer = self._intake.post("/v1/referrals", content=body, headers=headers | self._login(partner))
        receipt = self._said(answer)
        verdicts = [verdict for verdict in receipt["verdicts"] if verdict["severity"] == "error"]
        return Posted(
            partner=partner,
            reference=receipt["reference"],
            number=receipt["number"],
            accepted=receipt["counts"]["entries"]["accepted"],
            rejected=receipt["counts"]["entries"]["rejected"],
            expected_accepted=expectation.accepted,
            expected_rejected=expectation.rejected,
            refusals=tuple(_refusal(receipt["reference"], verdict) for verdict in verdicts),
            expected_refusals=tuple((item.pointer, item.code) for item in expectation.rejected_items),
        )

    def _login(self, partner: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[partner]}"}

    def _said(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_success:
            return answer.json()
        raise StackError(f"Intake refused {answer.request.method} {answer.request.url.path}: {answer.text[:600]}")


def _refusal(reference: str, verdict: dict[str, str]) -> Refusal:
    return Refusal(
        reference=reference,
        level=verdict["level"],
        pointer=verdict.get("pointer", ""),
        code=verdict["code"],
        message=verdict.get("message", ""),
    )
