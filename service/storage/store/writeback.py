"""Have the system write what it still holds, so that there is little left to wait for when it is flushed."""

import ctypes
from collections.abc import Callable

_SYNC_FILE_RANGE_WRITE = 2


def _find() -> Callable[[int, int, int, int], int] | None:
    """Linux's sync_file_range; elsewhere there is none, and flushing takes longer."""
    try:
        function = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    found: Callable[[int, int, int, int], int] = function
    return found


_sync_file_range = _find()


def begin_writeback(descriptor: int, at: int, count: int) -> None:
    """Begin to write `count` bytes from `at` to the disk. Waits for nothing and promises nothing."""
    if _sync_file_range is not None:
        _sync_file_range(descriptor, at, count, _SYNC_FILE_RANGE_WRITE)
