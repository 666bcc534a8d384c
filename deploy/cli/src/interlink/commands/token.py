"""`interlink token`: an access token of the sandbox's issuer, alone on its line, for scripts and curl."""

from typing import Annotated

import httpx
import typer

from interlink.stack import running
from interlink.stack.home import Home
from interlink.stack.layout import StackError
from sandbox.clients import client_secret


def token(
    client: Annotated[
        str,
        typer.Argument(help="Client: bureau-nl, clearinghouse, ice-on, officer-1, coordinator, auditor, operator, …"),
    ],
    scope: Annotated[
        list[str] | None, typer.Option("--scope", "-s", help="Only this scope; may be repeated. Default: all it has.")
    ] = None,
) -> None:
    """Print an access token for a client of the sandbox."""
    home = Home.open()
    typer.echo(fetch(home, running.required(home).issuer, client, scope or []))


def fetch(home: Home, issuer: str, client: str, scopes: list[str]) -> str:
    """A token by client credentials (RFC 6749 §4.4). Raises `StackError` with the issuer's words."""
    form = {"grant_type": "client_credentials"} | ({"scope": " ".join(scopes)} if scopes else {})
    answer = httpx.post(
        f"{issuer}/token",
        data=form,
        auth=(client, client_secret(home.secrets["sandbox"], client)),
        trust_env=False,
    )
    said = answer.json()
    if not answer.is_success:
        words = said.get("error_description", said["error"])
        raise StackError(f"The issuer gives {client} no token: {words}")
    return said["access_token"]
