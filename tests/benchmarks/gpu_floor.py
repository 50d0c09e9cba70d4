"""How fast a network could be on this GPU at best: its arithmetic and its traffic at measured peak rates."""

import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.networks import Exported

_SIDE = 8192
_COPY_BYTES = 2**30
_REPEATS = 20
_HALF_BYTES, _FLOAT_BYTES = 2, 4


@dataclass(frozen=True, slots=True)
class Floor:
    """`flop_per_s`: of a large float16 matrix product. `bytes_per_s`: read and written by a large copy.

    `flop`: of one image's forward pass. `weights_bytes`: in float16. `image_bytes`: of one input, float32.
    """

    flop_per_s: float
    bytes_per_s: float
    flop: float
    weights_bytes: float
    image_bytes: float

    def seconds(self, batch: int) -> float:
        """The longer of arithmetic and traffic of one batch; maps between layers count as free."""
        traffic = self.weights_bytes + batch * self.image_bytes
        return max(batch * self.flop / self.flop_per_s, traffic / self.bytes_per_s)


def measure_floor(exported: Exported) -> Floor:
    """Measure the GPU's peaks, and count what the network does."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        exported.network.network(torch.from_numpy(exported.images(1)))
    weights = sum(parameter.numel() for parameter in exported.network.parameters())
    return Floor(
        flop_per_s=2 * _SIDE**3 / _product_s(),
        bytes_per_s=2 * _COPY_BYTES / _copy_s(),
        flop=float(counter.get_total_flops()),
        weights_bytes=weights * _HALF_BYTES,
        image_bytes=exported.size**2 * _FLOAT_BYTES,
    )


def _product_s() -> float:
    left, right = (torch.randn(_SIDE, _SIDE, device="cuda", dtype=torch.float16) for _ in range(2))
    answer = torch.empty_like(left)
    torch.mm(left, right, out=answer)
    start = _now_s()
    for _ in range(_REPEATS):
        torch.mm(left, right, out=answer)
    return (_now_s() - start) / _REPEATS


def _copy_s() -> float:
    source = torch.zeros(_COPY_BYTES, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    target.copy_(source)
    start = _now_s()
    for _ in range(_REPEATS):
        target.copy_(source)
    return (_now_s() - start) / _REPEATS


def _now_s() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()
