"""`interlink up`, `down`, `restart`: the life of a stack."""

from typing import Annotated

import typer
from rich.console import Console

from interlink.stack import control, running
from interlink.stack.home import Home
from interlink.stack.state import State
from interlink.stack.supervisor import Supervisor

console = Console(highlight=False)


def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once everything is ready; it goes on in the background.")
    ] = False,
) -> None:
    """Start Postgres, Kafka, the sandbox and all services; without --detach, stay until Ctrl-C."""
    home = Home.open()
    if detach:
        with console.status("Starting") as spinner:
            found = running.start(home, lambda doing: spinner.update(doing))
        _greet(found)
        return
    Supervisor(home, _tell, _greet).run()


def down(
    *,
    wipe: Annotated[
        bool, typer.Option("--wipe", help="Also delete all data, secrets and logs of this home. Cannot be undone.")
    ] = False,
) -> None:
    """Drain and stop everything that runs in this home."""
    home = Home.open()
    with console.status("Draining and stopping"):
        ran = running.stop(home)
        if wipe:
            running.wipe(home)
    console.print("Stopped." if ran else "Nothing was running.", "All data is deleted." if wipe else "")


def restart(
    service: Annotated[str, typer.Argument(help="A service (intake, routing, sandbox) or one process of it.")],
) -> None:
    """Exchange a service's processes for fresh ones, one after the other; no connection is refused."""
    home = Home.open()
    running.required(home)
    with console.status(f"Restarting {service}"):
        answer = control.ask(home.control, {"do": "restart", "service": service}, seconds=600)
    console.print("Restarted", ", ".join(answer["restarted"]))


def _tell(doing: str) -> None:
    console.print(f"[dim]{doing} …[/dim]")


def _greet(found: State) -> None:
    for process in found.processes:
        if not process.ready:
            console.print(f"[red]{process.name} is not ready {process.reason}[/red]: see {process.log}")
    for name, url in found.services.items():
        console.print(f"[bold]{name:13}[/bold] {url}/docs")
    console.print(f"[bold]{'issuer':13}[/bold] {found.issuer}")
    console.print(f"[bold]{'kafka':13}[/bold] {found.kafka.address}")
    console.print("What next: [bold]interlink status[/bold], [bold]interlink demo[/bold], [bold]interlink down[/bold]")
