"""TensorRT or TensorRT-RTX on a GPU: runs a plan that `engines.plans` has built."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.backends.cuda import Stream
from engines.backends.port import Arrays, Engine, check_inputs, not_open
from engines.backends.profiles import choose_profile
from engines.backends.tensorrt_lane import Lane
from engines.backends.tensorrt_plan import LoadedPlan
from engines.errors import WeightsError
from engines.plans.vendor import Vendor
from engines.spec import TensorSpec


class TensorRtEngine(Engine):
    """A plan on `device`, with a stream and memory of its own. `vendor`: the one that built the plan.

    Two engines of one plan on two threads run side by side: the copies of one during the kernels of the
    other. `cuda_graphs` off gives the GPU each kernel alone, for a driver that has trouble with graphs.
    """

    def __init__(self, plan: Path, vendor: Vendor, device: int = 0, *, cuda_graphs: bool = True) -> None:
        self._path = plan
        self._vendor = vendor
        self._device = device
        self._cuda_graphs = cuda_graphs
        self._opened_plan: _Opened | None = None

    @property
    def plan(self) -> Path:
        """The file that it runs."""
        return self._path

    def open(self) -> None:
        """Load the plan onto the GPU, with room for its largest batch.

        Raises WeightsError for a plan that is not there, PlanError for one that this version and GPU cannot
        load, LibraryError without the CUDA bindings, GpuError without a driver or GPU.
        """
        if self._opened_plan is not None:
            return
        try:
            content = self._path.read_bytes()
        except OSError as reason:
            raise WeightsError(f"cannot read the plan {self._path}: {reason.strerror}; build it") from reason
        with ExitStack() as on_failure:
            stream = Stream(self._device)
            on_failure.callback(stream.close)
            plan = LoadedPlan(self._vendor, content, self._path, self._cuda_graphs)
            on_failure.callback(plan.close)
            captures = self._cuda_graphs and not self._vendor.captures_graphs
            self._opened_plan = _Opened(stream, plan, Lane(plan, stream, captures))
            on_failure.pop_all()

    def close(self) -> None:
        """Free the plan and its memory. Raises GpuError."""
        opened, self._opened_plan = self._opened_plan, None
        if opened is not None:
            opened.close()

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """What the plan takes. Raises EngineClosed."""
        return self._opened().plan.inputs

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """What the plan gives. Raises EngineClosed."""
        return self._opened().plan.outputs

    def infer(self, arrays: Arrays) -> dict[str, NDArray[np.float32]]:
        """Run once. Raises EngineClosed, GpuError, or InputError, also for a shape that no profile takes."""
        opened = self._opened()
        check_inputs(opened.plan.inputs, arrays)
        profile = choose_profile(opened.plan.profiles, arrays)
        opened.stream.use()  # each thread has a current GPU of its own
        return opened.lane.run(profile, arrays)

    def _opened(self) -> "_Opened":
        if self._opened_plan is None:
            raise not_open(self._path)
        return self._opened_plan


@dataclass(frozen=True, slots=True)
class _Opened:
    stream: Stream
    plan: LoadedPlan
    lane: Lane

    def close(self) -> None:
        """In the order in which each uses the next, all of it even if one of them fails."""
        with ExitStack() as last_to_first:
            last_to_first.callback(self.stream.close)
            last_to_first.callback(self.plan.close)
            last_to_first.callback(self.lane.close)
            self.stream.use()
