"""What a port that cannot be had means, whichever receiver asks for it."""

from service.config import AcceptSettings
from service.errors import ConfigurationError


def cannot_listen(settings: AcceptSettings, port: int, error: OSError) -> ConfigurationError:
    """The error to raise when listening on `port` failed with `error`."""
    return ConfigurationError(
        f"cannot listen on {settings.bind} port {port}: {error.strerror}; stop the other "
        "program that uses it, or change accept.bind or accept.port (ports below 1024 need rights)"
    )
