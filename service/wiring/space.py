"""How much space is left for what is received, and what a person is told where there is little."""

from collections.abc import Callable

from service.config import Settings
from service.storage.store.disk import free_bytes
from service.storage.store.port import InstanceStore

_LOW = (
    "The disk is nearly full: senders are turned away until space is free (accept.min_free_bytes, "
    "accept.resume_free_bytes). "
)
_IMAGES_ARE_THERE = (
    "`preread retention --images-days N` removes the images of delivered studies, "
    "and the settings under `retention` do so by themselves"
)
_IMAGES_ARE_ELSEWHERE = (
    "Images lie in a bucket (store.kind): on this disk are the journal, which empties while ledger and "
    "object store answer, and what else the data folder holds"
)


def space_for_receiving(settings: Settings, store: InstanceStore) -> Callable[[], int]:
    """Tells the least of what is left where receiving writes: in the store, and in the journal's folder.

    With a bucket, the store's is what is left on the disk of the data folder. What is told raises
    StoreUnavailable.
    """
    folder = settings.accept.journal_folder
    if folder is None or settings.accept.durability == "direct":
        return store.free_bytes
    return lambda: min(store.free_bytes(), free_bytes(folder))


def low_space_notice(settings: Settings) -> str:
    """What happens, and what makes room."""
    return _LOW + (_IMAGES_ARE_THERE if settings.store.kind == "filesystem" else _IMAGES_ARE_ELSEWHERE)
