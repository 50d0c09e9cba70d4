"""`preread fetch`: have a study sent from a PACS, on demand."""

import json
import logging
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from service.cli.options import AsJson
from service.cli.studies.fetch_output import as_json, sentence, study_as_json, table
from service.config.load import load_settings
from service.errors import ConfigurationError, PeerUnavailable
from service.fetch.fetcher import Fetched
from service.fetch.found import FoundStudy
from service.fetch.priors import find_priors
from service.fetch.query import StudyQuery
from service.wiring.fetch import Fetching, open_fetching

_HOW = "by --accession, --study, --patient-id or --priors-of, and by one of them only"


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command()(fetch)


def fetch(
    context: typer.Context,
    accession: Annotated[str, typer.Option(help="Accession number of the study.")] = "",
    study: Annotated[str, typer.Option(help="Its Study Instance UID.")] = "",
    patient_id: Annotated[str, typer.Option(help="Studies of this patient.")] = "",
    from_date: Annotated[str, typer.Option("--from", help="First day of theirs, as YYYYMMDD.")] = "",
    to_date: Annotated[str, typer.Option("--to", help="Last day of theirs, as YYYYMMDD.")] = "",
    priors_of: Annotated[
        str, typer.Option(help="Earlier studies of the patient of this Study Instance UID.")
    ] = "",
    modality: Annotated[str, typer.Option(help="Only studies with images of this modality.")] = "",
    source: Annotated[str | None, typer.Option(help="Name of the source. Default: the first one.")] = None,
    only_list: Annotated[bool, typer.Option("--list", help="Show what matches, fetch nothing.")] = False,
    all_of_them: Annotated[bool, typer.Option("--all", help="Fetch all, where several match.")] = False,
    json_output: AsJson = False,
) -> None:
    """Have studies sent from a PACS to the service that is running here, and say what became of them."""
    if sum(map(bool, (accession, study, patient_id, priors_of))) != 1:
        raise ConfigurationError(f"say which study: {_HOW}")
    if (from_date or to_date) and not patient_id:
        raise ConfigurationError("--from and --to go with --patient-id")
    settings = load_settings(context.obj)
    # Whatever the library has to say is said by our own errors.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
    with open_fetching(settings, source) as fetching:
        if priors_of:
            studies = _priors(fetching, priors_of, modality)
        else:
            query = StudyQuery(accession, study, patient_id, from_date, to_date, modality)
            studies = fetching.archive.find_studies(query)
        _require_some(studies, fetching)
        if only_list:
            _show(studies, json_output)
            return
        _require_one(studies, all_of_them)
        outcomes = _fetch(fetching, studies, json_output)
    if json_output:
        typer.echo(json.dumps([as_json(one) for one in outcomes]))
    if not all(one.is_complete for one in outcomes):
        raise typer.Exit(1)


def _priors(fetching: Fetching, study_instance_uid: str, modality: str) -> tuple[FoundStudy, ...]:
    known = fetching.archive.find_studies(StudyQuery(study_instance_uid=study_instance_uid))
    _require_some(known, fetching)
    header = known[0].header
    if not header.patient_id:
        raise PeerUnavailable(f"{fetching.source.name} does not say whose study it is: it has no Patient ID")
    return find_priors(fetching.archive, header.patient_id, header.study_date, modality)


def _require_some(studies: Sequence[FoundStudy], fetching: Fetching) -> None:
    if not studies:
        Console(stderr=True).print(
            f"{fetching.source.name} has no such study: check what you ask for, the source, and that it lets "
            "our AE title see it"
        )
        raise typer.Exit(1)


def _require_one(studies: Sequence[FoundStudy], all_of_them: bool) -> None:
    if len(studies) > 1 and not all_of_them:
        Console(stderr=True, highlight=False).print(table(studies))
        raise ConfigurationError(
            f"{len(studies)} studies match: ask for one of them by --study UID, or for all by --all"
        )


def _show(studies: Sequence[FoundStudy], json_output: bool) -> None:
    if json_output:
        typer.echo(json.dumps([study_as_json(study) for study in studies]))
    else:
        Console(highlight=False).print(table(studies))


def _fetch(fetching: Fetching, studies: Sequence[FoundStudy], quiet: bool) -> list[Fetched]:
    return [_fetch_one(fetching, study, quiet) for study in studies]


def _fetch_one(fetching: Fetching, study: FoundStudy, quiet: bool) -> Fetched:
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), disable=quiet) as progress:
        task = progress.add_task("fetching", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        outcome = fetching.fetcher.fetch(study.study_instance_uid, show)
    if not quiet:
        Console(highlight=False, soft_wrap=True).print(sentence(outcome))
    return outcome
