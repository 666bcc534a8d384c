"""`interlink status`: how everything is, and in words what is wrong."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from interlink.observing.report import Report, look
from interlink.stack.home import Home

console = Console(highlight=False)


def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for scripts; memory in bytes.")] = False,
) -> None:
    """Show processes, addresses, lag, outbox and dead letters. Exit code 1 if anything is wrong."""
    report = look(Home.open())
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _show(report)
    if report.problems:
        raise typer.Exit(1)


def _show(report: Report) -> None:
    if report.processes:
        console.print(_processes(report))
        console.print(_traffic(report))
        for name, url in report.services.items():
            console.print(f"[bold]{name:13}[/bold] {url}   docs {url}/docs   metrics {url}/metrics", soft_wrap=True)
        console.print(f"[bold]{'issuer':13}[/bold] {report.issuer}")
        console.print(f"[bold]{'kafka':13}[/bold] {report.kafka}")
    if not report.problems:
        console.print("[green]All is well.[/green]")
    for words in report.problems:
        console.print(words, style="red", markup=False)


def _processes(report: Report) -> Table:
    table = Table(title=f"{report.home}: {report.phase}", title_justify="left", box=None)
    for column, justify in (
        ("process", "left"),
        ("service", "left"),
        ("role", "left"),
        ("pid", "right"),
        ("port", "right"),
        ("memory", "right"),
        ("ready", "left"),
        ("restarts", "right"),
    ):
        table.add_column(column, justify="right" if justify == "right" else "left", no_wrap=True, overflow="ignore")
    for each in report.processes:
        table.add_row(
            each.name,
            each.service,
            each.role,
            _or_dash(each.pid),
            _or_dash(each.port),
            f"{each.memory / 2**20:.0f} MB" if each.memory is not None else "–",
            "[green]yes[/green]" if each.ready else "[red]no[/red]",
            str(each.restarts),
        )
    return table


def _traffic(report: Report) -> Table:
    table = Table(box=None)
    table.add_column("service")
    table.add_column("reads")
    table.add_column("behind", justify="right")
    for lag in report.lag:
        if ".replay." not in lag.topic or lag.lag:
            table.add_row(lag.service, lag.topic, str(lag.lag))
    for service, outbox in report.outbox.items():
        words = f"{outbox.rows} rows, oldest {outbox.oldest_seconds:.1f} s"
        table.add_row(service, "outbox", words)
    for service, due in report.due.items():
        table.add_row(service, "oldest due job", f"{due.kind}, {due.oldest_seconds:.1f} s" if due.kind else "none due")
    for service, age in report.last_commit.items():
        table.add_row(service, "last commit", f"{age:.1f} s ago" if age is not None else "–")
    table.add_row("", "dead letters", str(sum(report.dead_letters.values())))
    table.add_row("", "parked behind them", str(sum(report.parked.values())))
    return table


def _or_dash(number: int | None) -> str:
    return "–" if number is None else str(number)
