"""How a metric is defined: once, with its meaning and every label that it may have.

A label's values are either listed, or come from the configuration (a scanner, a classifier, a destination).
They are never taken from what is received: no patient data, no UID, no free text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

Kind = Literal["counter", "gauge", "histogram"]
Values = str | tuple[str, ...]
"""Of a label: where they come from, in words, or all of them."""

REGISTRY = CollectorRegistry()
"""Of this process."""

QUICK_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds in seconds for what somebody waits for on a connection."""
WORK_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bounds in seconds for one piece of work."""
STUDY_S = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0, 86_400.0)
"""Bounds in seconds for what a study spends somewhere."""

disable_created_metrics()  # type: ignore[no-untyped-call]

_Metric = TypeVar("_Metric", bound=MetricWrapperBase)


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. `labels` maps each label to its values."""

    name: str
    kind: Kind
    meaning: str
    labels: Mapping[str, Values]


class Stage:
    """The metrics of one stage, in the order in which they are defined."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.definitions: list[Definition] = []

    def define(
        self, name: str, kind: Kind, meaning: str, labels: Mapping[str, Values] | None = None
    ) -> Definition:
        """A metric whose values are read at each scrape; see `scraped`."""
        definition = Definition(name, kind, meaning, labels or {})
        self.definitions.append(definition)
        return definition

    def counter(self, name: str, meaning: str, labels: Mapping[str, Values] | None = None) -> Counter:
        """What only grows. `name` ends in `_total`."""
        made = self.define(name, "counter", meaning, labels)
        return _begun(Counter(name, meaning, tuple(made.labels), registry=REGISTRY), made)

    def gauge(self, name: str, meaning: str, labels: Mapping[str, Values] | None = None) -> Gauge:
        """What is counted up and down where it happens. Without labels it is 0 in roles that never do."""
        made = self.define(name, "gauge", meaning, labels)
        return _begun(Gauge(name, meaning, tuple(made.labels), registry=REGISTRY), made)

    def histogram(
        self, name: str, meaning: str, bounds: Sequence[float], labels: Mapping[str, Values] | None = None
    ) -> Histogram:
        """How often a value was up to each of `bounds`."""
        made = self.define(name, "histogram", meaning, labels)
        metric = Histogram(name, meaning, tuple(made.labels), registry=REGISTRY, buckets=bounds)
        return _begun(metric, made)


def _begun(metric: _Metric, made: Definition) -> _Metric:
    """Where all values are known, every series begins at 0: the first event is an increase, too."""
    values = list(made.labels.values())
    if values and all(isinstance(one, tuple) for one in values):
        for combination in product(*values):
            metric.labels(*combination)
    return metric
