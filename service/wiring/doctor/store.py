"""The instance store: what is written is there, is read back the same, and goes when it is deleted."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from uuid import uuid4

from service.config import Settings
from service.storage.store.port import InstanceStore
from service.wiring.adapters import open_store
from service.wiring.doctor.finding import Finding, failed, ok, skipped, warning
from service.wiring.space import low_space_notice, space_for_receiving

SIZE_BYTES = 1024**2
"""About what an image has."""
SLOW_S = 1.0
_OTHERS = stat.S_IROTH | stat.S_IXOTH
_NOTICE_AT = 1.25
"""Times the watermark, from which on somebody should know."""


def look_at_store(settings: Settings) -> Iterator[Finding]:
    """Raises StoreUnavailable, OutOfSpace, ConfigurationError."""
    if settings.store.kind == "filesystem" and not settings.data_folder.is_dir():
        yield skipped(
            "store", f"there is no folder {settings.data_folder} yet: the first role that starts makes it"
        )
        return
    yield from _look_at_folder(settings)
    store = open_store(settings)
    yield from _write_and_read(store)
    yield _look_at_space(settings, store)


def _look_at_folder(settings: Settings) -> Iterator[Finding]:
    """A folder that root makes here could not be used by the service afterwards."""
    owner = settings.data_folder.stat().st_uid if settings.data_folder.is_dir() else os.geteuid()
    if os.geteuid() != owner:
        yield warning(
            "user",
            f"{settings.data_folder} is of the user with ID {owner}, and this check runs as {os.geteuid()}: "
            "what it finds may not be what the service finds",
            "run `preread doctor` as the user of the service",
        )
    if settings.data_folder.is_dir() and settings.data_folder.stat().st_mode & _OTHERS:
        yield warning(
            "folder",
            f"{settings.data_folder} can be entered by every user of this machine, who can then read images",
            f"chmod 0750 {settings.data_folder}",
        )


def _write_and_read(store: InstanceStore) -> Iterator[Finding]:
    """A key of its own, so that nothing is touched that is there."""
    key, data = f"doctor-{uuid4()}", os.urandom(SIZE_BYTES)
    began = time.monotonic()
    try:
        store.put(key, data)
        written = time.monotonic()
        found = store.get(key)
        read = time.monotonic()
    finally:
        store.delete(key)
    if hashlib.sha256(found).digest() != hashlib.sha256(data).digest():
        yield failed(
            "store", "what is read is not what was written", "stop receiving, and check the disk (`dmesg`)"
        )
    elif store.exists(key):
        yield failed(
            "store", "what is deleted is still there", "look at the versioning and rights of the bucket"
        )
    else:
        yield _judge(written - began, read - written)


def _judge(write_s: float, read_s: float) -> Finding:
    seen = f"1 MiB is written durably in {write_s * 1000:.0f} ms, and read back in {read_s * 1000:.0f} ms"
    if max(write_s, read_s) <= SLOW_S:
        return ok("store", seen)
    return warning("store", seen, "look at the load of the disk or the object store, and the network to it")


def _look_at_space(settings: Settings, store: InstanceStore) -> Finding:
    accept = settings.accept
    free = space_for_receiving(settings, store)()
    least = accept.min_free_bytes / 1024**3
    seen = f"{free / 1024**3:.1f} GiB are free where images are received, {least:.1f} GiB must stay free"
    if free < accept.min_free_bytes:
        return failed("space", seen, low_space_notice(settings))
    if free < max(accept.resume_free_bytes or 0, _NOTICE_AT * accept.min_free_bytes):
        return warning("space", seen, low_space_notice(settings))
    return ok("space", seen)
