"""The client credentials grant of RFC 6749 §4.4: pure functions from a request's parts to a grant or a refusal.

Not promised: any other grant, refresh tokens, revocation. A refusal is a value that carries the words of §5.2.
"""

import binascii
import hmac
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from sandbox.clients import Client, client_secret, find

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 20


@dataclass(frozen=True, slots=True)
class Granted:
    """The client is who it says and may have these scopes."""

    client: Client
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """An error response of RFC 6749 §5.2."""

    error: str
    description: str
    status: int = 400
    challenge: bool = False
    """Whether the client tried HTTP Basic, so that the answer must say `WWW-Authenticate`."""


@dataclass(frozen=True, slots=True)
class _Credentials:
    client: str
    secret: str
    basic: bool


def grant(media_type: str, authorization: str | None, body: bytes, secret: str) -> Granted | Refused:
    """Decide on one token request. `secret` is the issuer's own."""
    form = _form(media_type, body)
    if isinstance(form, Refused):
        return form
    credentials = _credentials(authorization, form)
    if isinstance(credentials, Refused):
        return credentials
    client = _authenticate(credentials, secret)
    if client is None:
        return Refused("invalid_client", "Unknown client or wrong secret.", 401, credentials.basic)
    return _granted(client, form)


def _granted(client: Client, form: dict[str, str]) -> Granted | Refused:
    if "grant_type" not in form:
        return Refused("invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        return Refused("unsupported_grant_type", "Only client_credentials is offered.")
    # RFC 6749 §3.3: without the parameter, the issuer's default, which is all the client may have.
    wanted = frozenset(form.get("scope", "").split()) or client.scopes
    if not wanted <= client.scopes:
        return Refused("invalid_scope", "The client may not have every scope it asks for.")
    return Granted(client, wanted)


def _form(media_type: str, body: bytes) -> dict[str, str] | Refused:
    if media_type.partition(";")[0].strip().lower() != FORM:
        return Refused("invalid_request", f"The body must be {FORM}.")
    try:
        pairs = parse_qsl(body.decode(), max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        return Refused("invalid_request", "The body is not a form in UTF-8.")
    form = dict(pairs)
    if len(form) < len(pairs):
        return Refused("invalid_request", "A parameter is repeated.")  # RFC 6749 §3.2
    return form


def _credentials(authorization: str | None, form: dict[str, str]) -> _Credentials | Refused:
    if authorization is None:
        if "client_id" not in form or "client_secret" not in form:
            return Refused("invalid_client", "No client credentials.", 401, challenge=True)
        return _Credentials(form["client_id"], form["client_secret"], basic=False)
    if "client_secret" in form:
        return Refused("invalid_request", "Credentials are given twice.")  # RFC 6749 §2.3: one method a request
    basic = _basic(authorization)
    if basic is None:
        return Refused("invalid_client", "The Authorization header is not HTTP Basic.", 401, challenge=True)
    if form.get("client_id", basic.client) != basic.client:
        return Refused("invalid_request", "Two clients are named.")
    return basic


def _basic(authorization: str) -> _Credentials | None:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
    return _Credentials(unquote_plus(name), unquote_plus(secret), basic=True) if colon else None


def _authenticate(credentials: _Credentials, secret: str) -> Client | None:
    expected = client_secret(secret, credentials.client)
    if not hmac.compare_digest(expected.encode(), credentials.secret.encode()):
        return None
    return find(credentials.client)
