"""Who may call a route: `Annotated[Principal, caller("referrals:read")]` in its signature.

No token or a bad one is 401, a missing scope 403, both as problem+json with `WWW-Authenticate` (RFC 6750 §3).
A read of personal data asks with `caller_with_purpose`: the caller says why, and the audit keeps it.
"""

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from contracts.scopes import SCOPES
from kit import telemetry
from kit.access import Principal
from kit.errors import Rejected
from kit.http.tokens import InvalidTokenError, Tokens

LONGEST_PURPOSE: Final = 200

BEARER: Final = HTTPBearer(
    auto_error=False,
    bearerFormat="JWT",
    scheme_name="OAuth2",
    description="Access token (OAuth2 client credentials) of the issuer, audience `interlink`.",
)


async def authenticated(
    request: Request,
    needed: SecurityScopes,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
    purpose: Annotated[
        str | None,
        Header(alias="Interlink-Purpose", description="Why personal data is read; kept in the audit."),
    ] = None,
) -> Principal:
    """The caller, holding every scope that the route needs.

    Raises:
        Rejected: 401 without a valid token, 403 without a scope.
        Transient: the issuer is away and its keys are not known.
    """
    if bearer is None:
        raise Rejected("token-missing", "This needs an access token.", status=401)
    tokens: Tokens = request.app.state.tokens
    try:
        principal = await tokens.verify(bearer.credentials)
    except InvalidTokenError as error:
        telemetry.TOKENS_REFUSED.labels(error.reason).inc()
        raise Rejected("token-invalid", "The access token is not accepted.", status=401) from error
    if not principal.has_scopes(*needed.scopes):
        raise Rejected("scope-missing", f"This needs the scope {needed.scope_str}.", status=403)
    return replace(principal, purpose=_purpose(purpose)) if purpose else principal


async def authenticated_with_purpose(
    principal: Annotated[Principal, Security(authenticated)],
) -> Principal:
    """The caller, who has said why.

    Raises:
        Rejected: 400 without `Interlink-Purpose`.
    """
    if principal.purpose is None:
        raise Rejected("purpose-missing", "Reading personal data needs the header Interlink-Purpose.", status=400)
    return principal


def caller(*scopes: str) -> Any:
    """The dependency for a route that needs all of `scopes`; its value is a `Principal`."""
    return Security(authenticated, scopes=_known(scopes))


def caller_with_purpose(*scopes: str) -> Any:
    """As `caller`, for reads of personal data: the purpose must be declared (spec §6)."""
    return Security(authenticated_with_purpose, scopes=_known(scopes))


def _known(scopes: tuple[str, ...]) -> list[str]:
    unknown = set(scopes) - SCOPES
    if unknown:
        raise ValueError(f"no such scope: {', '.join(sorted(unknown))}")
    return list(scopes)


def _purpose(text: str) -> str | None:
    """Printable, without surrounding blanks, at most 200 characters; None if nothing is left."""
    clean = "".join(character for character in text if character.isprintable()).strip()
    return clean[:LONGEST_PURPOSE] or None
