"""`preread route`: which rule matches a study, and why; what other rules would change."""

import json
from collections import defaultdict
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from service.cli.options import AsJson
from service.cli.rules.promotions import promotions_of
from service.cli.rules.running import Running, running_of
from service.cli.rules.try_out import test
from service.config.load import load_settings
from service.errors import Refused
from service.study.model import InstanceHeader

if TYPE_CHECKING:
    from service.enqueue.routing import Explanation, RuleOutcome


def add_to(app: typer.Typer) -> None:
    """Register the command group."""
    group = typer.Typer(name="route", help="Ask the routing rules.", no_args_is_help=True)
    group.command()(explain)
    group.command()(test)
    app.add_typer(group)


def explain(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A DICOM file, or a folder of them.", exists=True)],
    called_ae_title: Annotated[
        str, typer.Option(help="AE title of ours that the sender calls, for rules that ask for it.")
    ] = "",
    calling_ae_title: Annotated[str, typer.Option(help="AE title of the sender.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say for every study under PATH which rule matches it and why, and what would run.

    That is after all promotions (`preread shadow promote`), which the ledger knows.
    """
    from service.dicom.predicates import keywords
    from service.enqueue.promotion import promoted
    from service.enqueue.routing import explain as explain_route
    from service.enqueue.routing import route

    settings = load_settings(context.obj)
    promotions = promotions_of(settings)
    rules = promoted(settings.rules, promotions or ())
    studies = _read_studies(path, keywords(rule.when for rule in rules))
    titled = partial(replace, calling_ae_title=calling_ae_title, called_ae_title=called_ae_title)
    explained: list[_Explained] = []
    for uid, headers in studies.items():
        asked = [titled(header) for header in headers]
        running = running_of(route(asked, rules), promotions)
        explained.append(_Explained(uid, len(headers), explain_route(asked, rules), running))
    if as_json:
        typer.echo(json.dumps([one.to_json() for one in explained]))
        return
    console = Console(highlight=False)
    for one in explained:
        one.print(console)
    if not studies:
        console.print(f"no DICOM files under {path}")
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Explained:
    """One study."""

    study_instance_uid: str
    images: int
    explanation: "Explanation"
    running: Running

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        uid = {"study_instance_uid": self.study_instance_uid}
        return uid | asdict(self.explanation) | asdict(self.running)

    def print(self, console: Console) -> None:
        """Show it to a person."""
        console.print(f"[bold]study {self.study_instance_uid}[/] ({self.images} images)")
        console.print(f"  {self.explanation.reason}", markup=False, soft_wrap=True)
        for line in self.running.told():
            console.print(f"  {line}", markup=False, soft_wrap=True)
        for outcome in self.explanation.rules:
            console.print(_rule_tree(outcome))


def _rule_tree(outcome: "RuleOutcome") -> Tree:
    """A rule and its predicates, each with the value that was seen."""
    verdict = "[green]matches[/]" if outcome.matched else "[red]does not match[/]"
    tree = Tree(f"rule [bold]{outcome.rule}[/] {verdict}")
    for predicate in outcome.predicates:
        mark = "[green]yes[/]" if predicate.holds else "[red]no[/]"
        seen = escape(", ".join(predicate.values) or f"no {predicate.keyword}")
        other = (
            " (on another image of the study only)"
            if predicate.holds_elsewhere and not predicate.holds
            else ""
        )
        tree.add(f"{mark}  wants {escape(predicate.wish)}, sees {seen}{other}")
    return tree


def _read_studies(path: Path, wanted: Any) -> dict[str, list[InstanceHeader]]:
    """The headers under `path`, by study; files that are not DICOM are passed over."""
    from service.dicom.header import instance_header, read_header_for_display

    studies: dict[str, list[InstanceHeader]] = defaultdict(list)
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            try:
                with file.open("rb") as opened:
                    header = read_header_for_display(opened)
            except Refused:
                continue
            studies[str(header.StudyInstanceUID)].append(instance_header(header, wanted))
    return dict(studies)
