"""The classifiers of the rules: their files are the published ones, and they answer here as recorded."""

from collections.abc import Iterator
from contextlib import ExitStack

from engines.available import settle
from engines.errors import EngineError
from engines.manifest import Manifest
from engines.open_engine import open_classifier
from engines.recorded import compare, read_recorded
from service.config import Settings
from service.wiring.adapters import engine_choice, manifests
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning

RESTORE = (
    "restore the classifier's folder from where it came from: its files must be those that were validated"
)


def look_at_classifiers(settings: Settings) -> Iterator[Finding]:
    """Raises ConfigurationError for a missing one."""
    found = manifests(settings)
    if not found:
        yield skipped("classifiers", "no rule names one")
    for manifest in found.values():
        yield from _look(settings, manifest)


def _look(settings: Settings, manifest: Manifest) -> Iterator[Finding]:
    about, choice = f"classifier {manifest.name}", engine_choice(settings)
    try:
        manifest.checked_weights(choice.precision)
        if manifest.guard is not None:
            manifest.checked_guard()
    except EngineError as error:
        yield failed(about, str(error), RESTORE)
        return
    yield ok(about, f"version {manifest.version}: the files have the SHA-256 of the manifest")
    try:
        recorded = read_recorded(manifest)
        if recorded is None:
            yield skipped(
                about, "no answers are recorded beside it: `python -m engines.recorded FOLDER` does that"
            )
            return
        settle(choice)
        with ExitStack() as resources:
            classifier = resources.enter_context(open_classifier(manifest, choice))
            differences = compare(manifest, classifier, recorded, choice.precision)
    except EngineError as error:
        yield warning(
            about, f"it cannot be run on this machine: {error}", "see the engine; no worker can run here so"
        )
        return
    if differences:
        yield failed(
            about,
            f"it does not give the recorded answers here: {'; '.join(differences)}",
            "run no worker here; `preread engine verify` shows which engine differs",
        )
    else:
        yield ok(about, f"it gives the recorded answers on {len(recorded.probabilities)} reference images")
