"""A dataset on its way from a peer: hashed and looked at as it comes; a large one streams into the store."""

from collections.abc import Callable, Sequence

from blake3 import blake3

from service.accept.instance.part10 import part10_head
from service.accept.instance.request import StoreRequest
from service.accept.instance.space import SpaceWatermark
from service.dicom.identity import Identity, IdentityReader
from service.errors import PrereadError, TooLarge
from service.storage.journal.draft import Draft
from service.storage.store.port import InstanceStore, Upload


class Arrival:
    """One dataset. What goes wrong on the way is remembered, the rest is forgotten, and `check` tells.

    So the peer gets its answer after its last byte, as the protocol wants, instead of a broken connection.
    """

    def __init__(
        self,
        store: InstanceStore,
        space: SpaceWatermark,
        begin_draft: Callable[[], Draft | None],
        request: StoreRequest,
        max_bytes: int,
    ) -> None:
        self.request = request
        self.size_bytes = 0
        self._store = store
        self._space = space
        self._begin_draft = begin_draft
        self._max_bytes = max_bytes
        self._identity = IdentityReader(request.transfer_syntax_uid, max_bytes)
        self._digest = blake3()
        self._failure: PrereadError | None = None
        self.draft: Draft | None = None
        """Where a small dataset is while it arrives; None where it is in the store."""
        self._upload: Upload | None = None
        self._key = ""

    def write(self, *pieces: bytes | memoryview) -> None:
        """The next bytes; the caller may overwrite them afterwards. Raises nothing of ours."""
        if self._failure is not None:
            return
        try:
            self._write(pieces)
        except PrereadError as failure:
            self._failure = failure
            self.abort()

    def check(self) -> None:
        """Raises what went wrong: TooLarge, OutOfSpace or StoreUnavailable."""
        if self._failure is not None:
            raise self._failure

    def identity(self) -> Identity:
        """What the dataset is. Raises NotDicom, MissingAttribute, UnsafeUID or TooLarge."""
        return self._identity.identity()

    def digest(self) -> str:
        """BLAKE3 of the dataset as it came, not of the file around it; hexadecimal.

        A dataset that is not in the store yet goes there for it. Raises OutOfSpace, StoreUnavailable.
        """
        self._opened()
        return self._digest.hexdigest()

    def keep_as(self, key: str) -> None:
        """Have the file under `key`, durably; a second time it moves there.

        Raises OutOfSpace, StoreUnavailable; KeyError where somebody else has moved it.
        """
        if self._key:
            self._store.move(self._key, key)
        else:
            self._opened().commit(key)
        self._key = key

    def discard(self) -> None:
        """Have the file nowhere. Raises StoreUnavailable."""
        self.abort()
        if self._key:
            self._store.delete(self._key)

    def abort(self) -> None:
        """Forget what was written, unless it is kept."""
        self._drop_draft()
        if self._upload is not None:
            self._upload.abort()

    def _write(self, pieces: Sequence[bytes | memoryview]) -> None:
        count, is_first = sum(map(len, pieces)), self.size_bytes == 0
        self.size_bytes += count
        if self.size_bytes > self._max_bytes:
            raise TooLarge(f"the dataset has over {self._max_bytes} bytes (accept.max_instance_bytes)")
        self._space.reserve(count)
        if is_first and self.draft is None:
            self.draft = self._begin_draft()
        if self.draft is not None and self.draft.has_room(count):
            self.draft.write(*pieces)
        else:
            self._upload_all(pieces)
        for piece in pieces:
            if self._identity.is_known:
                break
            self._identity.feed(piece)

    def _upload_all(self, pieces: Sequence[bytes | memoryview]) -> None:
        upload = self._opened()
        for piece in pieces:
            upload.write(piece)
            self._digest.update(piece)

    def head(self) -> bytes:
        """What comes before the dataset in the file."""
        request = self.request
        return part10_head(
            request.sop_class_uid,
            request.sop_instance_uid,
            request.transfer_syntax_uid,
            request.calling_ae_title,
            request.called_ae_title,
        )

    def _opened(self) -> Upload:
        """The upload; it begins with the file's head and what has come before."""
        if self._upload is None:
            self._upload = self._store.begin()
            self._upload.write(self.head())
            if self.draft is not None:
                content = self.draft.content()
                self._upload.write(content)
                self._digest.update(content)
                self._drop_draft()
        return self._upload

    def _drop_draft(self) -> None:
        if self.draft is not None:
            self.draft.abort()
            self.draft = None
