"""What `preread config check` says."""

from collections.abc import Iterator

from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.check import check
from service.wiring.doctor.finding import Finding, failed, ok, warning
from service.wiring.hints import hints

ABOUT = "configuration"


def look_at_configuration(settings: Settings) -> Iterator[Finding]:
    """Everything that can be told without asking anybody."""
    try:
        check(settings)
    except ConfigurationError as error:
        yield failed(ABOUT, str(error), "correct it; `preread config check` tells whether it is right")
        return
    yield ok(ABOUT, "it can be used")
    for hint in hints(settings):
        yield warning(ABOUT, hint, "leave it where that is meant so")
