"""Whether what destinations ask for can be written here."""

from importlib.util import find_spec

from service.config import Settings
from service.errors import ConfigurationError


def check_kinds(settings: Settings) -> None:
    """Raises ConfigurationError for a kind of result object that needs what is not installed."""
    asking = [name for name, kinds in settings.objects_of.items() if "pdf" in kinds]
    if asking and find_spec("reportlab") is None:
        raise ConfigurationError(
            f"destination {asking[0]!r} gets PDF, which needs reportlab: pip install 'preread[pdf]'"
        )
