"""Whether and where the spans of a role go."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from service.config import Settings
from service.config.metrics import Role
from service.errors import ConfigurationError
from service.wiring.observe import version_of_this

_LIBRARIES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


@contextmanager
def traced(settings: Settings, role: Role) -> Iterator[None]:
    """Send the spans of this role while this lasts, if that is configured. Raises ConfigurationError."""
    if not settings.traces.is_on:
        yield
        return
    _check_installed()
    from service.telemetry.traces.export import exporting

    resource = {
        "service.name": f"preread-{role}",
        "service.namespace": "preread",
        "service.version": version_of_this(),
    }
    with exporting(settings.traces, resource):
        yield


def check_traces(settings: Settings) -> None:
    """Raises ConfigurationError for what is not installed, and for files that cannot be used."""
    if settings.traces.is_on:
        _check_installed()
        from service.telemetry.traces.export import open_exporter

        open_exporter(settings.traces)


def _check_installed() -> None:
    if not all(map(_is_there, _LIBRARIES)):
        raise ConfigurationError("traces need OpenTelemetry: pip install 'preread[traces]'")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even the package that it would be in
        return False
