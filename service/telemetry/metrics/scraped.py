"""Values that are read when Prometheus asks, such as free space: nobody has to keep them up to date."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from service.telemetry.metrics.definition import REGISTRY, Definition

log = structlog.get_logger()

Value = tuple[Definition, tuple[str, ...], float]
"""A metric, the values of its labels in their order, and its value."""
Read = Callable[[], Iterable[Value]]


class _Reader(Collector):
    def __init__(self, read: Read) -> None:
        self._read = read

    def describe(self) -> list[Metric]:
        """Nothing: the registry need not read to register."""
        return []

    def collect(self) -> list[Metric]:
        """One family for each metric that has values now."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        try:
            for definition, labels, value in self._read():
                families.setdefault(definition.name, _family(definition)).add_metric(labels, value)
        except Exception as error:  # a scrape's outer edge: the other metrics are told all the same
            log.warning("metrics could not be read", error=type(error).__name__)
        return list(families.values())


def _family(definition: Definition) -> CounterMetricFamily | GaugeMetricFamily:
    kind = CounterMetricFamily if definition.kind == "counter" else GaugeMetricFamily
    return kind(definition.name, definition.meaning, labels=tuple(definition.labels))


@contextmanager
def scraped(read: Read) -> Iterator[None]:
    """While this lasts `read` is called at each scrape. What it raises leaves its metrics out."""
    reader = _Reader(read)
    REGISTRY.register(reader)
    try:
        yield
    finally:
        REGISTRY.unregister(reader)
