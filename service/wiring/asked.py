"""What classifiers ask for beside the study that they read: earlier studies, or another one of that week."""

from engines.catalog import find_classifiers
from engines.manifest import Manifest
from service.config import Settings
from service.study.companion import CompanionWanted
from service.study.prior import PriorsWanted
from service.wiring.adapters import classifier_names, translated


def priors_wanted(settings: Settings) -> dict[str, PriorsWanted]:
    """By classifier. Raises ConfigurationError."""
    return {
        name: PriorsWanted(priors.count, priors.years, priors.modalities)
        for name, manifest in _installed(settings).items()
        if (priors := manifest.priors)
    }


def companions_wanted(settings: Settings) -> dict[str, CompanionWanted]:
    """By classifier. Raises ConfigurationError."""
    return {
        name: CompanionWanted(companion.modalities, companion.days)
        for name, manifest in _installed(settings).items()
        if (companion := manifest.companion)
    }


def _installed(settings: Settings) -> dict[str, Manifest]:
    """Of the classifiers that rules name, those that are here: others are none of this process's business."""
    with translated():
        found = find_classifiers(settings.infer.classifier_folders)
    return {name: found[name] for name in classifier_names(settings) if name in found}
