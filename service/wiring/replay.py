"""A classifier on a study that was read before, beside what was said then. Nothing is entered or sent."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engines.catalog import find_classifiers
from engines.manifest import FILE, Manifest, read_manifest
from service.config import Settings
from service.errors import ConfigurationError, NotAnalysable
from service.infer.analyse import ScoredFrame, analyse
from service.infer.companion import companions_of
from service.infer.image import Reading
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.analyses import Analysis
from service.storage.store.port import InstanceStore
from service.study.model import ReceivedInstance
from service.study.result import ImageRefusal, ImageScore
from service.wiring.adapters import open_ledger, open_store, translated
from service.wiring.classifiers import open_one

Outcome = ImageScore | ImageRefusal


@dataclass(frozen=True, slots=True)
class Replayed:
    """One image: what was said of it last (None: nothing), and what is said now."""

    sop_instance_uid: str
    before: Outcome | None
    now: Outcome

    @property
    def change(self) -> float | None:
        """Of the probability; None where one of both is no score."""
        if isinstance(self.before, ImageScore) and isinstance(self.now, ImageScore):
            return self.now.probability - self.before.probability
        return None

    @property
    def is_decided_otherwise(self) -> bool:
        """Whether it is on the other side of the operating point now; or scored where it was refused, or the
        other way round.
        """
        if self.before is None:
            return False
        return _decision(self.before) != _decision(self.now)


def manifest_for(settings: Settings, wanted: str) -> Manifest:
    """The classifier in a folder, or an installed one as `NAME` or `NAME@VERSION`.

    Raises ConfigurationError.
    """
    with translated():
        if (Path(wanted) / FILE).is_file():
            return read_manifest(Path(wanted) / FILE)
        installed = find_classifiers(settings.infer.classifier_folders)
    name, _, version = wanted.partition("@")
    if name not in installed:
        raise ConfigurationError(
            f"no classifier {name!r} is installed; there are: {', '.join(installed) or 'none'}. Give its "
            "folder, or add that to infer.classifier_folders"
        )
    if version and installed[name].version != version:
        raise ConfigurationError(
            f"{name} is installed in version {installed[name].version}, not {version}: give its folder"
        )
    return installed[name]


def replay(
    settings: Settings, study_instance_uid: str, manifest: Manifest, done: Callable[[int, int], object]
) -> list[Replayed]:
    """Read all images that the classifier's last analysis read, or else all of the study.

    `done` is told how many of how many are read. Raises ConfigurationError for an unknown study.
    """
    with ExitStack() as resources:
        ledger = resources.enter_context(closing(open_ledger(settings)))
        store = open_store(settings)
        last, instances = _what_was_read(ledger, study_instance_uid, manifest.name)
        before = _said(last)
        found: list[Replayed] = []
        for uid, now in _read(settings, manifest, ledger, store, last, instances, resources):
            found.append(Replayed(uid, before.get(uid), now))
            done(len(found), len(instances))
    return found


def _what_was_read(
    ledger: Ledger, study_instance_uid: str, classifier: str
) -> tuple[Analysis | None, list[ReceivedInstance]]:
    with ledger.read() as tx:
        if tx.studies.find(study_instance_uid) is None:
            raise ConfigurationError(
                f"no study {study_instance_uid} was received; `preread status --json` lists the UIDs"
            )
        instances = tx.instances.of_study(study_instance_uid)
        analyses = [
            one for one in tx.analyses.of_studies([study_instance_uid]) if one.classifier == classifier
        ]
    last = next((one for one in reversed(analyses) if one.result is not None), None)
    series = last.series_instance_uids if last else ()
    return last, [one for one in instances if not series or one.series_instance_uid in series]


def _said(last: Analysis | None) -> dict[str, Outcome]:
    if last is None or last.result is None:
        return {}
    outcomes: list[Outcome] = [*last.result.scores, *last.result.refusals]
    return {one.sop_instance_uid: one for one in outcomes}


def _read(
    settings: Settings,
    manifest: Manifest,
    ledger: Ledger,
    store: InstanceStore,
    last: Analysis | None,
    instances: list[ReceivedInstance],
    resources: ExitStack,
) -> Iterator[tuple[str, Outcome]]:
    classifier = open_one(settings, manifest, resources)
    pool = resources.enter_context(ThreadPoolExecutor(1, "replay"))
    companion = last.companion_study_instance_uid if last else ""
    reading = Reading(settings.infer.max_frames, last.assume_body_part if last else "")
    images = [(one.sop_instance_uid, partial(_load, store, one)) for one in instances]
    companions = companions_of(manifest, companion, ledger, store)
    outcomes = analyse(images, classifier, pool, reading, companions=companions)
    for (uid, _), outcome in zip(images, outcomes, strict=True):
        yield uid, outcome.score if isinstance(outcome, ScoredFrame) else outcome


def _load(store: InstanceStore, instance: ReceivedInstance) -> bytes:
    try:
        return store.get(instance.key)
    except KeyError:
        raise NotAnalysable(
            "the image is no longer here: it was removed after its delivery, or lost"
        ) from None


def _decision(outcome: Outcome) -> bool | None:
    return outcome.positive if isinstance(outcome, ImageScore) else None
