"""This machine's clock: does anything keep it right? The database's is compared by `database`."""

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.wiring.doctor.finding import Finding, ok, skipped, warning

MOST_ERROR_S = 0.5
_UNSYNCHRONISED = 0x40
"""STA_UNSYNC of linux/timex.h."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """What Linux knows of its clock. `error_s`: at most so wrong, where it is kept right."""

    is_kept: bool
    error_s: float


class _Timex(ctypes.Structure):
    """The beginning of struct timex of linux/timex.h; the rest is room for what the kernel writes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


def kernel_clock() -> Kernel | None:
    """Asked by adjtimex(2), which changes nothing so. None where it does not tell, as in some containers."""
    library = ctypes.CDLL(ctypes.util.find_library("c"), use_errno=True)
    if not hasattr(library, "adjtimex"):
        return None
    timex = _Timex()
    if library.adjtimex(ctypes.byref(timex)) < 0:
        return None
    return Kernel(not timex.status & _UNSYNCHRONISED, timex.maxerror / 1e6)


def look_at_clock(ask: Callable[[], Kernel | None] = kernel_clock) -> Iterator[Finding]:
    """Times of images, leases and certificates depend on it."""
    found = ask()
    to_do = (
        "run chrony or systemd-timesyncd (on the host, for a container): `timedatectl` shows how it stands"
    )
    if found is None:
        yield skipped("clock", "the kernel does not tell whether its clock is kept right")
    elif not found.is_kept:
        yield warning("clock", "nothing keeps this machine's clock right", to_do)
    elif found.error_s > MOST_ERROR_S:
        yield warning("clock", f"this machine's clock may be {found.error_s:.1f} s wrong", to_do)
    else:
        yield ok("clock", f"kept right, within {found.error_s * 1000:.0f} ms")
