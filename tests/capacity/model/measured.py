"""What the model is fed with: the figures of `make bench-capacity`, by their names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from tests.benchmarks.harness.results import Result
from tests.capacity.measure.site import QUIET_PERIOD_S
from tests.capacity.measure.spent import PARTS, SIMULATOR

HOUR_S = 3600.0
_STEPS = ("assembled", "queued", "inferred", "reported", "delivered")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds. Work occupies a core; delays occupy nobody and were measured under the lowest load.

    `..._image_s` is work for each image, `..._study_s` for each study.
    """

    accept_image_s: float
    accept_large_image_s: float
    infer_image_s: float
    send_image_s: float
    servers_study_s: float
    assembled_delay_s: float
    queued_delay_s: float
    inferred_delay_s: float
    sent_delay_s: float

    @classmethod
    def of(cls, results: Sequence[Result], set_up: str, one_core_for_the_rest: bool = False) -> Self:
        """With `one_core_for_the_rest` as it was when it was measured: whatever is no worker, the simulator
        too, is one line, as if all of it were done in the end. Raises KeyError where a figure is missing.
        """
        values = {one.measure: one.value for one in results if one.value is not None}
        burst = f"{set_up}: burst"
        images = values[f"{burst}: images of a study"]
        infer_image_s = HOUR_S / values[f"{burst}: studies per hour, worker on one core"] / images
        rest = (
            [part for part in (*PARTS, SIMULATOR) if part != "infer"] if one_core_for_the_rest else ["send"]
        )
        send_image_s = sum(values[f"{burst}: processor time of {part}"] for part in rest) / images
        steps = _steps(values, set_up)
        own_s = {"assembled": QUIET_PERIOD_S, "inferred": infer_image_s * images}
        delay = {step: max(0.0, seconds - own_s.get(step, 0.0)) for step, seconds in steps.items()}
        accept_image_s = values[f"{burst}: processor time of accept"] / images
        if one_core_for_the_rest:
            accept_image_s = 0.0
        sent_s = max(0.0, delay["reported"] + delay["delivered"] - send_image_s * images)
        return cls(
            accept_image_s=accept_image_s,
            accept_large_image_s=values[f"{set_up}: mammograms: processor time of accept"],
            infer_image_s=infer_image_s,
            send_image_s=send_image_s,
            servers_study_s=values[f"{burst}: processor time of servers"],
            assembled_delay_s=delay["assembled"],
            queued_delay_s=delay["queued"],
            inferred_delay_s=delay["inferred"],
            sent_delay_s=sent_s,
        )


def loads(results: Sequence[Result], set_up: str) -> list[float]:
    """Shares of the throughput that were offered, the lowest first."""
    begin, end = f"{set_up}: load ", ": offered"
    names = [one.measure for one in results]
    return sorted(
        float(name.removeprefix(begin).removesuffix(end))
        for name in names
        if name.startswith(begin) and name.endswith(end)
    )


def set_ups(results: Sequence[Result]) -> list[str]:
    """Those that were measured."""
    end = ": burst: images of a study"
    return [one.measure.removesuffix(end) for one in results if one.measure.endswith(end)]


def _steps(values: Mapping[str, float], set_up: str) -> dict[str, float]:
    shares = [
        name.removeprefix(f"{set_up}: load ").partition(":")[0]
        for name in values
        if name.startswith(f"{set_up}: load ")
    ]
    lowest = min(shares)
    return {step: values[f"{set_up}: load {lowest}: step {step}: p50"] for step in _STEPS}
