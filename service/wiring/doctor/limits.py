"""What this machine, its container and its user allow: open files, memory."""

import resource
from collections.abc import Iterator
from pathlib import Path

from service.config import Settings
from service.wiring.doctor.finding import Finding, ok, skipped, warning

FILES_BESIDE = 200
"""Open files of a process of ours beside those of associations: journal, ledger, broker, libraries."""
FILES_OF_ASSOCIATION = 2
"""A connection, and the file that the dataset streams into."""
LEAST_BYTES = {
    "accept": 512 * 1024**2,
    "infer": 4 * 1024**3,
    "send": 512 * 1024**2,
    "worklist": 256 * 1024**2,
}
"""Memory that the chart asks for by role (deploy/helm/values.yaml)."""
_CGROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_NO_LIMIT = 1 << 60


def look_at_limits(settings: Settings) -> Iterator[Finding]:
    """Of the process that looks: the service has the same where it is started the same way."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield look_at_files(soft, settings.accept.max_associations)
    yield look_at_memory(available_bytes())


def look_at_files(soft: int, max_associations: int) -> Finding:
    """`soft`: how many files a process may have open."""
    needed = FILES_BESIDE + FILES_OF_ASSOCIATION * max_associations
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return ok("open files", f"{soft} are allowed, {needed} may be needed")
    return warning(
        "open files",
        f"{soft} are allowed, and {needed} may be needed with {max_associations} associations",
        f"raise the limit (LimitNOFILE={needed} of systemd, ulimit -n), or lower accept.max_associations",
    )


def look_at_memory(available: int | None) -> Finding:
    """`available`: bytes that this machine or container still has."""
    if available is None:
        return skipped("memory", "this system does not tell how much is left")
    seen = f"{available / 1024**3:.1f} GiB are available"
    short = [role for role, least in LEAST_BYTES.items() if available < least]
    if not short:
        return ok("memory", seen)
    return warning(
        "memory",
        f"{seen}, less than {' and '.join(short)} should have by themselves",
        "give the machine or the container more, or run that role elsewhere",
    )


def available_bytes(
    meminfo: Path = Path("/proc/meminfo"), cgroups: tuple[Path, ...] = _CGROUPS
) -> int | None:
    """The least of what the machine has left and what the container may have; None where nothing is told."""
    found = [one for path in cgroups if (one := _number(path)) is not None and one < _NO_LIMIT]
    try:
        lines = meminfo.read_text(encoding="ascii").splitlines()
    except OSError:
        return min(found, default=None)
    found += [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    return min(found, default=None)


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # "max" where there is no limit
        return None
