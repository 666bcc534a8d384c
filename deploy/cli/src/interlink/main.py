"""`interlink`: the operator's one command. Every failure that a person can mend is a sentence that says how."""

import sys
from importlib import import_module

import httpx
import typer
from rich.console import Console

from interlink.stack.layout import StackError

COMMANDS = {
    "up": "lifecycle",
    "down": "lifecycle",
    "restart": "lifecycle",
    "status": "status",
    "demo": "demo",
    "token": "token",
    "topics": "topics",
    "dlq": "dlq",
    "outbox": "database",
    "jobs": "database",
    "migrate": "database",
    "audit": "audit",
    "bench": "bench",
    "faults": "faults",
}
"""Each command and the module it lives in. Only the module that is asked for is loaded: the others are slow."""


def build(asked: str | None) -> typer.Typer:
    """The command line with the command that is asked for, or with all of them, to explain them."""
    app = typer.Typer(
        name="interlink",
        help="Start, watch and repair Interlink. `INTERLINK_HOME` names the folder of the stack (default: .local).",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        pretty_exceptions_show_locals=False,
        add_completion=False,
    )

    @app.callback()
    def interlink() -> None:
        pass

    for name in [asked] if asked in COMMANDS else COMMANDS:
        module = import_module(f"interlink.commands.{COMMANDS[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def main() -> None:
    """Run the command line; 1 with a sentence on the error stream for what a person can mend."""
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else None)()
    except StackError as error:
        _refuse(str(error))
    except httpx.TransportError as error:
        _refuse(f"No answer from {error.request.url}: {error}. Is the stack up? See: interlink status")


def _refuse(words: str) -> None:
    Console(stderr=True).print(words, style="red", markup=False, highlight=False, soft_wrap=True)
    raise SystemExit(1)
