"""Two officers decide on everything that waits, each only on what is theirs, and say when liaison refuses them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest

from kit.time import SettableClock
from sandbox.calls import RefusedError
from sandbox.officers import Officers

# The evening of the 21st in Toronto: an authority is dated by the officers' calendar.
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
NEXT = {":submit": "submitted", ":approve": "approved", ":check": "confirmed"}


@dataclass
class Liaison:
    """Its lists in pages of two, and its decisions by state."""

    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuses: dict[str, int] = field(default_factory=dict)
    """Statuses with which a decision on a number is refused."""
    moves_first: set[str] = field(default_factory=set)
    """What somebody else decides on a moment before."""
    decided: list[tuple[str, str, Any]] = field(default_factory=list)
    """Who decided, where, with what."""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        client = request.headers["authorization"].removeprefix("Bearer token-of-")
        assert request.headers["interlink-purpose"]
        path = request.url.path
        kept = self.answers if path.startswith("/v1/answers") else self.requests
        if request.method == "GET":
            return self._page(list(kept.values()), request.url.params)
        of, _, verb = path.rpartition("/")[2].partition(":")
        if of in self.moves_first:
            kept[of]["state"] = NEXT[f":{verb}"]
        if of in self.refuses:
            return httpx.Response(self.refuses[of], json={"type": "urn:interlink:problem:no", "detail": "Because."})
        if kept[of]["state"] == NEXT[f":{verb}"]:
            return httpx.Response(409, json={"detail": "Too late."})
        kept[of]["state"] = NEXT[f":{verb}"]
        self.decided.append((client, path, orjson.loads(request.content) if request.content else None))
        return httpx.Response(200, json=kept[of])

    def _page(self, rows: list[dict[str, Any]], asked: httpx.QueryParams) -> httpx.Response:
        found = [row for row in rows if row["state"] == asked["state"]]
        first = int(asked.get("cursor", 0))
        following = str(first + 2) if first + 2 < len(found) else None
        return httpx.Response(200, json={"items": found[first : first + 2], "next": following})


@pytest.fixture
def liaison() -> Liaison:
    return Liaison()


@pytest.fixture
def officers(liaison: Liaison) -> Iterator[Officers]:
    transport = httpx.MockTransport(liaison)
    clock = SettableClock(NOW)
    with Officers("http://liaison.test", lambda client: f"token-of-{client}", clock=clock, transport=transport) as both:
        yield both


def given(liaison: Liaison, *instruments: str, state: str = "draft") -> list[str]:
    for instrument in instruments:
        number = f"IR-2026-{len(liaison.requests) + 1:06}"
        liaison.requests[number] = {"number": number, "instrument": instrument, "state": state}
    return list(liaison.requests)


def test_officer_1_submits_every_draft_with_an_authority_of_its_instrument(
    liaison: Liaison, officers: Officers
) -> None:
    numbers = given(liaison, "preservation_demand", "preservation_order", "production_order", "exigent_request")
    assert officers.submit_drafts().ids == tuple(numbers)
    assert {client for client, _, _ in liaison.decided} == {"officer-1"}
    demand, order, production, exigent = (body["authority"] for _, _, body in liaison.decided)
    for claimed in (demand, order, production, exigent):
        assert (claimed["basis"], claimed["offence"], claimed["made_on"]) == ("canadian", "163.1(3)", "2026-11-21")
        assert (claimed["zone"], bool(claimed["reference"])) == ("America/Toronto", True)
        assert claimed["officer"]
        assert claimed["grounds"]
    assert [claimed["kind"] for claimed in (demand, production)] == ["preservation_demand", "production_order"]
    assert "court" in order
    assert ("court" in production, production["due_on"]) == (True, "2026-12-21")
    assert not {"court", "due_on", "threat"} & demand.keys()
    assert {"threat", "why_no_order", "call_back"} <= exigent.keys()


def test_officer_2_approves_and_checks_what_waits_over_all_pages(liaison: Liaison, officers: Officers) -> None:
    numbers = given(liaison, *["production_order"] * 5, state="submitted")
    liaison.answers = {f"a-{n}": {"id": f"a-{n}", "state": "pending"} for n in range(3)}
    assert officers.approve_submitted().ids == tuple(numbers)
    assert officers.check_answers().ids == ("a-0", "a-1", "a-2")
    assert Counter(client for client, _, _ in liaison.decided) == {"officer-2": 8}
    assert liaison.decided[-1] == (
        "officer-2", "/v1/answers/a-2:check", {"decision": "confirm", "zone_confirmed": True}
    )  # fmt: skip


def test_where_nothing_waits_nothing_is_decided(liaison: Liaison, officers: Officers) -> None:
    assert officers.submit_drafts().ids == officers.approve_submitted().ids == officers.check_answers().ids == ()
    assert liaison.decided == []


def test_who_is_beaten_counts_it_and_goes_on(liaison: Liaison, officers: Officers) -> None:
    first, second, third = given(liaison, *["production_order"] * 3, state="submitted")
    liaison.moves_first, liaison.refuses = {first, second}, {second: 422}
    done = officers.approve_submitted()
    assert (done.ids, done.beaten) == ((third,), 2)


@pytest.mark.parametrize("status", [409, 422])
def test_a_refusal_of_what_still_waits_is_told_in_liaisons_words(
    liaison: Liaison, officers: Officers, status: int
) -> None:
    first, _ = given(liaison, "production_order", "production_order")
    liaison.refuses = {first: status}
    with pytest.raises(RefusedError, match=r"IR-2026-000001:submit.*Because\."):
        officers.submit_drafts()


def test_a_refusal_of_the_officer_is_told_at_once(liaison: Liaison, officers: Officers) -> None:
    numbers = given(liaison, "production_order", "production_order")
    liaison.refuses = dict.fromkeys(numbers, 403)
    with pytest.raises(RefusedError) as told:
        officers.submit_drafts()
    assert told.value.status == 403
