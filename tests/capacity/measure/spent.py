"""What a run costs: processor seconds of each part, bytes on disk and in the ledger, counts of metrics."""

import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from service.config.metrics import ROLES
from tests.benchmarks.harness.machine import family_ticks
from tests.capacity.measure.site import CLASSIFIER, CapacitySite
from tests.faults.soak.sample import ledger_bytes
from tests.servers.process import HOST

SERVERS, SIMULATOR = "servers", "simulator"
PARTS = (*ROLES, SERVERS)
"""What the service needs, in the order of a study's way. `servers`: database, broker and PACS together."""
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_SUMS = {
    "engine_s": ("preread_engine_seconds_sum", {"classifier": CLASSIFIER}),
    "read_s": ("preread_image_read_seconds_sum", {"classifier": CLASSIFIER}),
    "scored": ("preread_images_total", {"classifier": CLASSIFIER, "outcome": "scored"}),
    "unfamiliar": ("preread_images_total", {"classifier": CLASSIFIER, "outcome": "unfamiliar"}),
    "refused": ("preread_images_total", {"classifier": CLASSIFIER, "outcome": "refused"}),
}


@dataclass(frozen=True, slots=True)
class Spent:
    """Since the service started, or between two moments: processor seconds, bytes, and what is counted."""

    cpu_s: Mapping[str, float]
    stored_bytes: int
    result_bytes: int
    ledger_bytes: int
    counted: Mapping[str, float]

    def since(self, before: "Spent") -> "Spent":
        """What came to it."""
        return Spent(
            {part: seconds - before.cpu_s[part] for part, seconds in self.cpu_s.items()},
            self.stored_bytes - before.stored_bytes,
            self.result_bytes - before.result_bytes,
            self.ledger_bytes - before.ledger_bytes,
            {name: value - before.counted[name] for name, value in self.counted.items()},
        )


def spent(site: CapacitySite) -> Spent:
    """Until now."""
    roles: dict[str, float] = {
        role: family_ticks(pid=site.preread.pid_of(role)) / _TICKS_PER_S for role in ROLES
    }
    own_s = time.process_time()
    others_s = family_ticks() / _TICKS_PER_S - sum(roles.values()) - own_s
    store = site.data_folder / "store"
    return Spent(
        {**roles, SERVERS: others_s, SIMULATOR: own_s},
        _bytes_under(store / "instances"),
        _bytes_under(store / "objects") + _bytes_under(store / "analyses"),
        ledger_bytes(site.servers.database, site.data_folder),
        dict(_counted(site)),
    )


def _bytes_under(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _counted(site: CapacitySite) -> Iterator[tuple[str, float]]:
    port = site.preread.metrics_ports[ROLES.index("infer")]
    text = httpx.get(f"http://{HOST}:{port}/metrics", timeout=10.0).raise_for_status().text
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    for name, (metric, labels) in _SUMS.items():
        yield name, found.get((metric, tuple(sorted(labels.items()))), 0.0)
