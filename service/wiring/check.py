"""What only the whole service can check about a configuration: classifiers and DICOM keywords exist."""

from engines.open_engine import check_choice
from service.config import Settings
from service.dicom.header import is_keyword, suggest_keyword
from service.enqueue.routing import keywords
from service.errors import ConfigurationError
from service.wiring.adapters import engine_choice, manifests, translated


def check(settings: Settings) -> None:
    """Raises ConfigurationError naming what a rule asks for and is not there."""
    for keyword in keywords(settings.rules):
        if not is_keyword(keyword):
            close = suggest_keyword(keyword)
            hint = f"; did you mean {close}?" if close else ""
            raise ConfigurationError(f"rules: {keyword!r} is not a DICOM keyword of PS3.6{hint}")
    for manifest in manifests(settings).values():
        with translated():
            check_choice(manifest, engine_choice(settings))
