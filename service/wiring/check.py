"""What only the whole service can check about a configuration: classifiers and DICOM keywords exist."""

from service.config import Settings
from service.dicom.header import is_keyword, suggest_keyword
from service.enqueue.routing import keywords
from service.errors import ConfigurationError
from service.wiring.adapters import manifests


def check(settings: Settings) -> None:
    """Raises ConfigurationError naming what a rule asks for and is not there."""
    for keyword in keywords(settings.rules):
        if not is_keyword(keyword):
            close = suggest_keyword(keyword)
            hint = f"; did you mean {close}?" if close else ""
            raise ConfigurationError(f"rules: {keyword!r} is not a DICOM keyword of PS3.6{hint}")
    for manifest in manifests(settings).values():
        manifest.checked_weights()
