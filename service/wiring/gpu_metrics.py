"""The memory of the worker's GPU, read at a scrape."""

from engines.backends.cuda import memory_info
from engines.errors import EngineError
from service.telemetry.metrics.analysing import GPU_FREE_BYTES, GPU_TOTAL_BYTES
from service.telemetry.metrics.scraped import Value


def gpu_memory(device: int) -> list[Value]:
    """Free and total bytes. Nothing where the GPU does not answer, or its bindings are not installed."""
    try:
        free, total = memory_info(device)
    except EngineError:
        return []
    return [(GPU_FREE_BYTES, (str(device),), free), (GPU_TOTAL_BYTES, (str(device),), total)]
