"""The rest of the life on a running stack: officers decide, providers answer, agencies are told and say so."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx

from contracts import registry
from contracts.events.deliveries import DeliverySucceeded
from contracts.events.identifications import IdentificationCompleted
from interlink.commands.token import fetch as fetch_token
from kit.testing.eventually import eventually
from sandbox.agencies import Agencies
from sandbox.calls import RefusedError
from sandbox.officers import Officers
from suite.running import Suite

PROVIDERS = ("north", "east")

TO_ASK = """
    SELECT DISTINCT e.id FROM routing.entry e JOIN routing.determination d ON d.entry = e.id
    WHERE e.id = ANY($1) AND e.kind = 'suspect' AND e.grade IN ('A', 'B') AND d.branch = 'canada_unidentified'
"""
LINES = """
    SELECT e.entry, l.id AS line, l.instrument, l.state, l.outcome, r.number, r.state AS request_state
    FROM isp_liaison.line_entry e JOIN isp_liaison.line l ON l.id = e.line
    JOIN isp_liaison.request r ON r.id = l.request
    WHERE e.entry = ANY($1) AND e.state = 'current' AND l.state NOT IN ('dropped', 'lapsed')
"""
ANSWERS = "SELECT entry, line, outcome FROM routing.answer WHERE entry = ANY($1)"
HOLDERS = """
    SELECT DISTINCT referral, agency FROM (
        SELECT referral, holder AS agency FROM routing.assignment
        WHERE entry = ANY($1) AND state IN ('assigned', 'accepted', 'closed')
        UNION SELECT referral, jsonb_array_elements_text(copies) FROM routing.assignment
        WHERE entry = ANY($1) AND state IN ('assigned', 'accepted', 'closed')
    ) AS told
"""
NOTICES = """
    SELECT n.agency, n.referral, n.id, n.state,
           coalesce(bool_or(d.state = 'succeeded'), false) AS delivered
    FROM notifications.notice n LEFT JOIN notifications.delivery d ON d.notice = n.id AND d.kind = 'issued'
    WHERE n.referral = ANY($1) GROUP BY n.id
"""


class Chain:
    """Everybody outside who acts, and what a test asks afterwards, by ids."""

    def __init__(self, suite: Suite, officers: Officers, agencies: Agencies) -> None:
        self.suite = suite
        self.agencies = agencies
        self._officers = officers

    async def decided(self) -> int:
        """One round of both officers: how much they decided. A service that restarts is asked again next time."""
        try:
            return await asyncio.to_thread(self._round)
        except (httpx.TransportError, RefusedError) as error:
            if isinstance(error, RefusedError) and error.status < 500:
                raise
            return 0

    def _round(self) -> int:
        rounds = (self._officers.submit_drafts, self._officers.approve_submitted, self._officers.check_answers)
        return sum(len(act().ids) for act in rounds)

    async def identified(self, entries: set[UUID], *, within: float = 90) -> None:
        """Officers decide until every line about these entries has come to its end."""

        async def all_done() -> bool:
            await self.decided()
            lines = await self.lines(entries)
            waiting = [row for row in lines if row["state"] != "done"]
            asked = {row["entry"] for row in lines if row["instrument"] == "production_order"}
            missing = await self.to_ask(entries) - asked
            assert not missing, f"{len(missing)} suspects have no line"
            assert not waiting, f"{len(waiting)} of {len(lines)} lines wait: {Counter(r['state'] for r in waiting)}"
            return True

        await eventually(all_done, within=within)

    async def applied(self, entries: set[UUID], *, within: float = 30) -> None:
        """Every producing line's answer stands in routing, once per entry and line."""

        async def all_applied() -> bool:
            lines = await self.lines(entries)
            wanted = {
                (row["entry"], row["line"]): row["outcome"] for row in lines if row["instrument"] == "production_order"
            }
            rows = await self.suite.rows(ANSWERS, list(entries))
            assert {(row["entry"], row["line"]): row["outcome"] for row in rows} == wanted
            return True

        await eventually(all_applied, within=within)

    async def told(self, entries: set[UUID], *, within: float = 60) -> None:
        """Whoever holds one of these entries, or has a copy, has had a notice of its referral delivered."""

        async def all_told() -> bool:
            holders = {(row["agency"], row["referral"]) for row in await self.suite.rows(HOLDERS, list(entries))}
            notices = await self.suite.rows(NOTICES, list({referral for _, referral in holders}))
            delivered = {(row["agency"], row["referral"]) for row in notices if row["delivered"]}
            missing = holders - delivered
            assert not missing, f"{len(missing)} of {len(holders)} were not told: {sorted(missing)[:3]}"
            assert not [row for row in notices if row["state"] == "collecting"]
            return True

        await eventually(all_told, within=within)

    async def to_ask(self, entries: Iterable[UUID]) -> set[UUID]:
        """The suspects on a Canadian network without a civic address: a provider must be asked about them."""
        return {row["id"] for row in await self.suite.rows(TO_ASK, list(entries))}

    async def lines(self, entries: Iterable[UUID]) -> list[Any]:
        """Every line about these entries, one row an entry."""
        return await self.suite.rows(LINES, list(entries))

    async def received_by_providers(self) -> Counter[str]:
        """Under how many request numbers the providers have each line."""
        numbers: dict[str, set[str]] = {}
        async with httpx.AsyncClient(base_url=self.suite.state.sandbox["providers"], trust_env=False) as http:
            for provider in PROVIDERS:
                for item in (await http.get(f"/{provider}/requests")).json()["items"]:
                    for line in item["lines"]:
                        numbers.setdefault(line, set()).add(item["number"])
        return Counter({line: len(found) for line, found in numbers.items()})

    async def completed(self) -> Counter[tuple[UUID, UUID]]:
        """How many different completed identifications there are of each suspect or victim and line."""
        kind = registry.of(IdentificationCompleted).type
        records = await self.suite.records(registry.IDENTIFICATIONS)
        events = {told.id: payload for told, payload in records if told.type == kind}
        told = [IdentificationCompleted.model_validate_json(payload) for payload in events.values()]
        return Counter((one.entry, one.line) for one in told)

    async def not_received(self) -> dict[str, str]:
        """Deliveries that notifications says were taken in, and the agency named has never verified.

        The receivers are asked last: agencies are told of other tests' referrals meanwhile.
        """
        told = await self._delivered()
        received = await self._received_by_agencies()
        return {webhook: agency for webhook, agency in told.items() if received.get(webhook) != agency}

    async def _delivered(self) -> dict[str, str]:
        """Deliveries that notifications says were taken in: the webhook's id, and whose it is."""
        kind = registry.of(DeliverySucceeded).type
        events = [
            DeliverySucceeded.model_validate_json(payload)
            for told, payload in await self.suite.records(registry.DELIVERIES)
            if told.type == kind
        ]
        return {str(event.delivery): event.agency for event in events}

    async def _received_by_agencies(self) -> dict[str, str]:
        """Every webhook that an agency verified: its id, and whose it is."""
        async with httpx.AsyncClient(base_url=self.suite.state.sandbox["receivers"], trust_env=False) as http:
            return {item["id"]: item["agency"] for item in (await http.get("/received")).json()["items"]}


@asynccontextmanager
async def chain(suite: Suite) -> AsyncGenerator[Chain]:
    """The outside world at work, every agency with an endpoint."""
    state = suite.state

    def token(client: str) -> str:
        if client not in suite.tokens:
            suite.tokens[client] = fetch_token(suite.home, state.issuer, client, [])
        return suite.tokens[client]

    with (
        Officers(state.services["isp-liaison"], token) as officers,
        Agencies(
            routing=state.services["routing"],
            notifications=state.services["notifications"],
            receivers=state.sandbox["receivers"],
            token=token,
        ) as agencies,
    ):
        await asyncio.to_thread(agencies.register_endpoints)
        yield Chain(suite, officers, agencies)
