"""The issuer answers as RFC 6749 and OpenID Connect Discovery say, and its tokens verify against its keys."""

import stat
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from kit.time import SettableClock
from sandbox.clients import AGENCY, CLIENTS, SCOPES, client_secret, find
from sandbox.issuer import keys
from sandbox.issuer.app import Issuer, create_app
from sandbox.issuer.settings import Settings

SECRET = "only-for-tests-0123456789"
URL = "http://issuer.example.org"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "issuer.key"


@pytest.fixture
async def issuer(key_file: Path):
    made = Issuer(
        url=URL,
        audience="interlink",
        secret=SECRET,
        key=keys.load_or_create(key_file),
        clock=SettableClock(NOW),
    )
    transport = httpx.ASGITransport(create_app(made))
    async with httpx.AsyncClient(transport=transport, base_url=URL) as client:
        yield client


def form(client: str = "bureau-nl", **fields: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_secret": client_secret(SECRET, client),
    } | fields


def basic(client: str, secret: str) -> dict[str, str]:
    joined = f"{quote_plus(client)}:{quote_plus(secret)}"
    return {"Authorization": f"Basic {b64encode(joined.encode()).decode()}"}


async def test_a_token_verifies_against_the_published_keys_and_carries_what_services_read(
    issuer: httpx.AsyncClient,
) -> None:
    discovered = (await issuer.get("/.well-known/openid-configuration")).json()
    assert discovered["issuer"] == URL

    answer = await issuer.post(discovered["token_endpoint"], data=form("officer-1"))
    published = KeySet.import_key_set((await issuer.get(discovered["jwks_uri"])).json())
    token = jwt.decode(answer.json()["access_token"], published, algorithms=["ES256"])

    assert token.header["kid"] == published.keys[0].kid
    claims = dict(token.claims)
    assert claims.pop("jti")
    assert claims == {
        "iss": URL,
        "sub": "officer-1",
        "client_id": "officer-1",
        "tenant": "centre",
        "roles": ["officer"],
        "scope": " ".join(sorted(CLIENTS["officer-1"].scopes)),
        "aud": "interlink",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 3600,
    }


@pytest.mark.parametrize("agency", ["ice-on", "police-calgary"])
def test_every_agency_has_an_officer_who_opens_records_and_asks_no_provider(agency: str) -> None:
    officer = find(f"officer-{agency}")
    assert officer is not None
    assert (officer.tenant, officer.roles) == (f"agency:{agency}", ("officer",))
    assert "subscribers:read" in officer.scopes
    assert not officer.scopes & {"requests:draft", "requests:approve", "answers:check"}


async def test_no_answer_of_the_token_endpoint_is_cached(issuer: httpx.AsyncClient) -> None:
    granted = await issuer.post("/token", data=form())
    refused = await issuer.post("/token", data=form(scope="operations"))
    assert granted.headers["cache-control"] == refused.headers["cache-control"] == "no-store"
    assert granted.json()["token_type"] == "Bearer"
    assert granted.json()["expires_in"] == 3600


async def test_credentials_may_come_as_http_basic(issuer: httpx.AsyncClient) -> None:
    answer = await issuer.post(
        "/token",
        data={"grant_type": "client_credentials"},
        headers=basic("ice-qc", client_secret(SECRET, "ice-qc")),
    )
    assert answer.status_code == 200


async def test_a_client_may_ask_for_fewer_scopes_than_it_has(issuer: httpx.AsyncClient) -> None:
    answer = await issuer.post("/token", data=form(scope="referrals:read"))
    assert answer.json()["scope"] == "referrals:read"


@pytest.mark.parametrize(
    ("sent", "status", "error"),
    [
        (form(scope="referrals:write operations"), 400, "invalid_scope"),
        (form(scope="of-no-service"), 400, "invalid_scope"),
        (form(client_secret="wrong"), 401, "invalid_client"),
        (form("Not A Slug"), 401, "invalid_client"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (form(grant_type="password"), 400, "unsupported_grant_type"),
        ({k: v for k, v in form().items() if k != "grant_type"}, 400, "invalid_request"),
    ],
)
async def test_a_refusal_says_which_of_the_errors_of_rfc_6749_it_is(
    issuer: httpx.AsyncClient, sent: dict[str, str], status: int, error: str
) -> None:
    answer = await issuer.post("/token", data=sent)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "access_token" not in answer.json()


async def test_a_client_that_tried_basic_is_challenged(issuer: httpx.AsyncClient) -> None:
    for headers in (basic("bureau-nl", "wrong"), {"Authorization": "Basic *"}, {"Authorization": "Bearer x"}):
        answer = await issuer.post("/token", data={"grant_type": "client_credentials"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    "body",
    [
        b"grant_type=client_credentials&grant_type=client_credentials&client_id=a&client_secret=b",
        b"grant_type=\xff&client_id=a&client_secret=b",
        b"grant_type=%ff&client_id=a&client_secret=b",
        b"&".join(b"a%d=1" % n for n in range(30)),
    ],
)
async def test_a_body_that_is_no_form_is_an_invalid_request(issuer: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await issuer.post("/token", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_json_two_methods_and_two_clients_are_invalid_requests(issuer: httpx.AsyncClient) -> None:
    header = basic("bureau-nl", client_secret(SECRET, "bureau-nl"))
    other = {"grant_type": "client_credentials", "client_id": "clearinghouse"}
    for answer in (
        await issuer.post("/token", json=form()),
        await issuer.post("/token", data=form(), headers=header),
        await issuer.post("/token", data=other, headers=header),
    ):
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_body_larger_than_any_token_request_is_not_read_to_its_end(issuer: httpx.AsyncClient) -> None:
    answer = await issuer.post("/token", data=form(padding="x" * 10_000))
    assert answer.status_code == 413


async def test_the_issuer_says_that_it_lives(issuer: httpx.AsyncClient) -> None:
    assert (await issuer.get("/health/live")).status_code == 200
    assert (await issuer.get("/health/ready")).status_code == 200


def test_the_signing_key_survives_a_restart_and_only_its_owner_reads_it(key_file: Path) -> None:
    first = keys.load_or_create(key_file)
    again = keys.load_or_create(key_file)
    assert first.as_dict(private=True) == again.as_dict(private=True)
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]


async def test_the_published_key_has_no_private_part(issuer: httpx.AsyncClient) -> None:
    assert "d" not in (await issuer.get("/jwks")).json()["keys"][0]


@pytest.mark.parametrize("agency", ["ice-on", "police-calgary", "opp", "rcmp-e", "cfs-on"])
def test_every_agency_has_a_client_of_its_name_by_rule(agency: str) -> None:
    client = find(agency)
    assert client is not None
    assert (client.tenant, client.scopes) == (f"agency:{agency}", AGENCY)


def test_no_client_may_have_a_scope_outside_the_one_list() -> None:
    assert all(client.scopes <= SCOPES for client in CLIENTS.values())


def test_each_client_has_a_secret_of_its_own() -> None:
    assert len({client_secret(SECRET, name) for name in [*CLIENTS, "ice-on", "ice-qc"]}) == len(CLIENTS) + 2


def test_a_name_that_no_agency_can_have_is_no_client() -> None:
    assert [find(name) for name in ("", "Ice-ON", "ice--on", "ice on", "a" * 61)] == [None] * 5


def test_the_secret_may_stand_in_a_file_and_must_stand_somewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    monkeypatch.setenv("SANDBOX_SECRET_FILE", str(file))
    assert Settings().issuer_secret == SECRET
    monkeypatch.delenv("SANDBOX_SECRET_FILE")
    with pytest.raises(ValueError, match="SANDBOX_SECRET"):
        Settings()
