"""Who may come in, and how the others are told."""

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey
from unit.kit.http.door import ISSUER, NOW, Door

from kit.testing.eventually import eventually

STRANGER = ECKey.generate_key("P-256", {"kid": "one"})


def unsigned(header: dict[str, Any]) -> str:
    parts = [header, {"iss": ISSUER, "aud": "interlink", "sub": "x"}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


async def ask(opened: Door, token: str | None, path: str = "/v1/whoami", **headers: str) -> httpx.Response:
    bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
    return await opened.client.get(path, headers=bearer | headers)


async def test_a_good_token_becomes_a_principal(opened: Door) -> None:
    answer = await ask(opened, opened.issuer.token())
    assert answer.json() == {"tenant": "agency:ice-on", "subject": "officer-1", "purpose": None}


async def test_without_a_token_the_answer_is_401_and_says_what_is_needed(opened: Door) -> None:
    answer = await ask(opened, None)
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:interlink:problem:token-missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="interlink"'


async def test_another_scheme_is_as_good_as_none(opened: Door) -> None:
    answer = await opened.client.get("/v1/whoami", headers={"Authorization": "Basic eDp4"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"aud": "another"}, id="wrong audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"iss": "https://other.example.org"}, id="wrong issuer"),
        pytest.param({"exp": int((NOW - timedelta(seconds=6)).timestamp())}, id="expired"),
        pytest.param({"exp": None}, id="no expiry"),
        pytest.param({"iat": int((NOW + timedelta(minutes=1)).timestamp())}, id="issued in the future"),
        pytest.param({"nbf": int((NOW + timedelta(minutes=1)).timestamp())}, id="not yet valid"),
        pytest.param({"sub": None}, id="no subject"),
        pytest.param({"client_id": None}, id="no client"),
        pytest.param({"tenant": None}, id="no tenant"),
        pytest.param({"tenant": "partner:a,partner:b"}, id="two tenants"),
        pytest.param({"tenant": "citizen:x"}, id="unknown kind of tenant"),
        pytest.param({"roles": "officer"}, id="roles that are no list"),
        pytest.param({"header": {"kid": "two"}}, id="unknown kid"),
        pytest.param({"key": STRANGER}, id="a stranger's signature"),
        pytest.param({"key": OctKey.import_key("x" * 32), "header": {"alg": "HS256"}}, id="another algorithm"),
    ],
)
async def test_a_token_that_does_not_hold_is_401(opened: Door, claims: dict[str, Any]) -> None:
    answer = await ask(opened, opened.issuer.token(**claims))
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:interlink:problem:token-invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


NO_TOKENS = {
    "alg none": unsigned({"alg": "none"}),
    "alg none with a known kid": unsigned({"alg": "none", "kid": "one"}),
    "kid that is no text": unsigned({"alg": "ES256", "kid": 1}),
    "no kid": unsigned({"alg": "ES256"}),
    "no signature": unsigned({"alg": "ES256", "kid": "one"}),
    "header that is no object": "W10.e30.",
    "not base64": "a.b.c",
    "one part": "x",
    "dots": "...",
    "too long": "x" * 9000,
}


@pytest.mark.parametrize("token", NO_TOKENS.values(), ids=NO_TOKENS.keys())
async def test_what_is_no_signed_token_is_401(opened: Door, token: str) -> None:
    assert (await ask(opened, token)).status_code == 401


async def test_a_changed_token_is_401(opened: Door) -> None:
    header, claims, signature = opened.issuer.token().split(".")
    forged = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"tenant": "centre"}
    claims = base64.urlsafe_b64encode(json.dumps(forged).encode()).rstrip(b"=").decode()
    assert (await ask(opened, f"{header}.{claims}.{signature}")).status_code == 401


async def test_a_missing_scope_is_403(opened: Door) -> None:
    answer = await ask(opened, opened.issuer.token(), "/v1/operate")
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:interlink:problem:scope-missing")
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


async def test_the_purpose_is_taken_from_the_header_and_bounded(opened: Door) -> None:
    token = opened.issuer.token()
    named = await ask(opened, token, **{"Interlink-Purpose": "  case preparation "})
    assert named.json()["purpose"] == "case preparation"
    assert len((await ask(opened, token, **{"Interlink-Purpose": "x" * 500})).json()["purpose"]) == 200


async def test_personal_data_needs_a_purpose(opened: Door) -> None:
    token = opened.issuer.token()
    assert (await ask(opened, token, "/v1/persons")).status_code == 400
    assert (await ask(opened, token, "/v1/persons", **{"Interlink-Purpose": " "})).status_code == 400
    assert (await ask(opened, token, "/v1/persons", **{"Interlink-Purpose": "review"})).json() == "review"
    assert (await ask(opened, None, "/v1/persons")).status_code == 401


async def test_keys_are_fetched_once_for_many_requests(opened: Door) -> None:
    for subject in ("a", "b", "c"):
        assert (await ask(opened, opened.issuer.token(sub=subject))).status_code == 200
    assert opened.issuer.asked == 2  # discovery and keys


async def test_a_new_key_is_found_when_a_token_names_it(opened: Door) -> None:
    await ask(opened, opened.issuer.token())
    fresh = ECKey.generate_key("P-256", {"kid": "two"})
    opened.issuer.published.append(fresh.as_dict(private=False))
    opened.clock.advance(timedelta(seconds=10))
    assert (await ask(opened, opened.issuer.token(key=fresh, header={"kid": "two"}))).status_code == 200


async def test_unknown_kids_do_not_make_us_hammer_the_issuer(opened: Door) -> None:
    for number in range(5):
        await ask(opened, opened.issuer.token(header={"kid": f"made-up-{number}"}))
    assert opened.issuer.asked == 2


async def test_known_keys_work_while_the_issuer_is_away(opened: Door) -> None:
    await ask(opened, opened.issuer.token())
    opened.issuer.away = True
    opened.clock.advance(timedelta(minutes=11))
    later = int((NOW + timedelta(hours=1)).timestamp())
    assert (await ask(opened, opened.issuer.token(exp=later))).status_code == 200


async def test_an_issuer_that_was_never_reached_is_503_and_not_401(opened: Door) -> None:
    opened.issuer.away = True
    answer = await ask(opened, opened.issuer.token())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await ask(opened, opened.issuer.token())).status_code == 503
    assert opened.issuer.asked == 1
    opened.issuer.away = False
    opened.clock.advance(timedelta(seconds=10))
    assert (await ask(opened, opened.issuer.token())).status_code == 200


async def test_a_discovery_document_of_another_issuer_is_not_believed(opened: Door) -> None:
    opened.issuer.named = "https://other.example.org"
    assert (await ask(opened, opened.issuer.token())).status_code == 503


async def test_a_private_key_or_another_curve_among_the_keys_is_ignored(opened: Door) -> None:
    odd = ECKey.generate_key("P-384", {"kid": "odd"}).as_dict(private=False)
    opened.issuer.published = [odd, opened.issuer.key.as_dict(private=True), {"kty": "oct"}]
    assert (await ask(opened, opened.issuer.token())).status_code == 401


async def test_a_verified_token_is_kept_for_a_minute_and_never_beyond_its_end(opened: Door) -> None:
    token = opened.issuer.token(exp=int((NOW + timedelta(seconds=30)).timestamp()))
    assert (await ask(opened, token)).status_code == 200
    opened.clock.advance(timedelta(seconds=40))
    assert (await ask(opened, token)).status_code == 401


async def test_a_verified_token_is_verified_anew_where_the_clock_is_set_back(opened: Door) -> None:
    """It would else be believed for as long as the clock had been ahead."""
    token = opened.issuer.token(iat=None)
    assert (await ask(opened, token)).status_code == 200
    opened.issuer.published = []
    opened.clock.advance(-timedelta(hours=1))
    assert (await ask(opened, token)).status_code == 401


async def test_new_keys_are_fetched_also_where_the_last_fetch_lies_in_the_future(opened: Door) -> None:
    await ask(opened, opened.issuer.token())
    fresh = ECKey.generate_key("P-256", {"kid": "two"})
    opened.issuer.published = [fresh.as_dict(private=False)]
    opened.clock.advance(-timedelta(hours=1))
    assert (await ask(opened, opened.issuer.token(key=fresh, header={"kid": "two"}, iat=None))).status_code == 200


async def test_only_one_request_waits_for_an_issuer_whose_keys_are_known(opened: Door) -> None:
    await ask(opened, opened.issuer.token())
    asked = opened.issuer.asked
    opened.issuer.answering.clear()
    opened.clock.advance(timedelta(minutes=11))
    later = int((NOW + timedelta(hours=1)).timestamp())
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        first = group.create_task(ask(opened, opened.issuer.token(exp=later)))
        await eventually(lambda: opened.issuer.asked > asked)
        assert (await ask(opened, opened.issuer.token(exp=later, sub="officer-2"))).status_code == 200
        assert not first.done()
        opened.issuer.answering.set()
    assert first.result().status_code == 200


async def test_a_silent_issuer_holds_a_request_up_for_seconds_only(
    opened: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is silent: a byte now and then is enough for the client's own time-outs."""
    monkeypatch.setattr("kit.http.tokens.LONGEST_FETCH", 0.1)
    opened.issuer.answering.clear()
    async with asyncio.timeout(10):
        assert (await ask(opened, opened.issuer.token())).status_code == 503
