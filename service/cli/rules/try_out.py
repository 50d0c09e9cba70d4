"""`preread route test`: which of the received studies a draft of the rules would send elsewhere."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from service.assemble.headers import Headers
from service.cli.each import each
from service.cli.options import AsJson, Last, span
from service.config import Rule, Settings
from service.config.load import load_settings
from service.dicom.predicates import keywords
from service.enqueue.promotion import promoted
from service.enqueue.routing import Route, route
from service.storage.ledger.ledger import Ledger
from service.storage.store.port import InstanceStore
from service.study.model import InstanceHeader, Study
from service.wiring.assemble import character_sets_of


@dataclass(frozen=True, slots=True)
class Difference:
    """A study that goes elsewhere: where to now, and by the draft."""

    study_instance_uid: str
    received_at: str
    modalities: tuple[str, ...]
    now: str
    draft: str


@dataclass(frozen=True, slots=True)
class Tested:
    """`unread`: studies whose images are no longer here, or cannot be read."""

    studies: int
    unread: int
    differences: tuple[Difference, ...]


def test(
    context: typer.Context,
    draft: Annotated[
        Path, typer.Argument(help="A configuration file with the draft of the rules.", exists=True)
    ],
    last: Last = "30d",
    as_json: AsJson = False,
) -> None:
    """Say which of the received studies the rules of DRAFT would send elsewhere. Nothing is changed.

    Promotions (`preread shadow promote`) count for both: they hold on under the draft.
    """
    from service.wiring.adapters import open_ledger, open_store

    settings, drafted = load_settings(context.obj), load_settings(draft)
    since = datetime.now(UTC) - span(last)
    with closing(open_ledger(settings)) as ledger:
        tested = _test(settings, drafted.rules, ledger, open_store(settings), since)
    if as_json:
        typer.echo(json.dumps(asdict(tested)))
        return
    console = Console(highlight=False)
    for line in (line for one in tested.differences for line in _shown(one)):
        console.print(line, soft_wrap=True)
    unread = f", {tested.unread} of them without readable images" if tested.unread else ""
    console.print(
        f"{len(tested.differences)} of {tested.studies} studies of the last {last}{unread} would go elsewhere"
    )


def _test(
    settings: Settings, drafted: Sequence[Rule], ledger: Ledger, store: InstanceStore, since: datetime
) -> Tested:
    wanted = keywords(rule.when for rule in (*settings.rules, *drafted))
    headers = Headers(store, wanted, character_sets=character_sets_of(settings))
    with ledger.read() as tx:
        studies, promotions = tx.studies.received_since(since), tx.promotions.all()
    both = [promoted(rules, promotions) for rules in (settings.rules, drafted)]
    differences: list[Difference] = []
    unread = 0

    def compare(study: Study) -> None:
        nonlocal unread
        of_study = _headers_of(study, ledger, headers)
        unread += not of_study
        now, then = (_described(route(of_study, rules)) for rules in both)
        if of_study and now != then:
            received = study.received_at.isoformat(timespec="seconds")
            uid = study.study_instance_uid
            differences.append(Difference(uid, received, study.header.modalities, now, then))

    each(studies, "comparing", compare)
    return Tested(len(studies), unread, tuple(differences))


def _headers_of(study: Study, ledger: Ledger, headers: Headers) -> list[InstanceHeader]:
    with ledger.read() as tx:
        instances = tx.instances.of_study(study.study_instance_uid)
    return [header for one in instances if (header := headers.header_of(one))]


def _described(found: Route) -> str:
    """All that a route decides, in one line."""
    if not found.classifiers:
        return "not analysed"
    parts = []
    for classifier, destinations in sorted(found.classifiers.items()):
        series = f" ({len(found.series[classifier])} series)" if classifier in found.series else ""
        parts.append(f"{classifier}{series} to {', '.join(sorted(destinations)) or 'nobody'}")
    return f"{found.priority}: {'; '.join(parts)}"


def _shown(one: Difference) -> Iterator[Text]:
    yield Text(
        f"study {one.study_instance_uid} ({', '.join(one.modalities)}, received {one.received_at})", "bold"
    )
    yield Text(f"  now       {one.now}")
    yield Text(f"  by draft  {one.draft}")
