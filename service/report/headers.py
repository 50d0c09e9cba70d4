"""The headers behind scores, from the store, each file read once for header and pixels."""

from collections.abc import Iterator, Mapping

from pydicom.dataset import Dataset

from service.dicom.header import read_header
from service.errors import Refused
from service.storage.store.port import InstanceStore


class StoredHeaders(Mapping[str, Dataset]):
    """Reads a file when its header is first asked for, and holds it until its pixels are taken.

    Ask for the header and then the pixels of one instance after the other: one file is in memory then. Asking
    raises Refused where the file cannot be read any more, KeyError where the store has lost it.
    """

    def __init__(self, store: InstanceStore, keys: Mapping[str, str]) -> None:
        """`keys`: where each scored instance lies in the store, by SOP Instance UID."""
        self._store = store
        self._keys = keys
        self._headers: dict[str, Dataset] = {}
        self._files: dict[str, bytes] = {}

    def __getitem__(self, sop_instance_uid: str) -> Dataset:
        if sop_instance_uid not in self._headers:
            file = self._store.get(self._keys[sop_instance_uid])
            self._headers[sop_instance_uid] = read_header(file)
            self._files = {sop_instance_uid: file}
        return self._headers[sop_instance_uid]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def readable(self) -> dict[str, Dataset]:
        """The headers that can be read, all at once."""
        found = {}
        for uid in self._keys:
            try:
                found[uid] = self[uid]
            except (Refused, KeyError):
                continue
        self._files = {}
        return found

    def take_file(self, sop_instance_uid: str) -> bytes:
        """The whole file, which is not held any longer."""
        file = self._files.pop(sop_instance_uid, None)
        return self._store.get(self._keys[sop_instance_uid]) if file is None else file
