"""One Store transaction: its parts become instances, one after the other."""

from collections.abc import Mapping, Sequence

from service.accept.folder.file_outcome import FileOutcome
from service.accept.folder.file_receiver import FileReceiver, IncomingFile
from service.accept.instance.status import StoreStatus
from service.accept.stow.content_type import UnsupportedMedia, check_part
from service.net.multipart import BadMultipart, MultipartReader

MOST_PARTS = 20_000
"""Of one request: what is remembered of each is needed for the response."""


class StoreTransaction:
    """Keeps each instance as soon as it is whole. One thread at a time."""

    def __init__(
        self, files: FileReceiver, boundary: str, calling_ae_title: str, study_instance_uid: str
    ) -> None:
        self.outcomes: list[FileOutcome] = []
        self._files = files
        self._sending = files.sending()
        self._calling_ae_title = calling_ae_title
        self._study_instance_uid = study_instance_uid
        self._reader = MultipartReader(boundary, self, MOST_PARTS)
        self._file: IncomingFile | None = None

    def feed(self, pieces: Sequence[bytes]) -> None:
        """The next pieces of the request's body. Raises BadMultipart."""
        for piece in pieces:
            self._reader.feed(piece)

    def end(self) -> None:
        """The body has ended, and with it what the client sends. Raises BadMultipart unless it is whole."""
        self._reader.end()
        if not self._reader.part_count:
            raise BadMultipart("the body has no part: send each instance in a part of its own")
        self._sending.released()

    def break_off(self, error: BadMultipart) -> None:
        """The rest of the body cannot be read; what came before counts."""
        self.outcomes.append(FileOutcome(StoreStatus.CANNOT_UNDERSTAND, error=error))

    def close(self) -> None:
        """It is over: forget an instance that is not whole."""
        if self._file is not None:
            self._file.abort()
        self._sending.ended()

    def begin_part(self, headers: Mapping[str, str]) -> None:
        """A further instance, unless the part is none."""
        try:
            check_part(headers)
        except UnsupportedMedia as error:
            self.outcomes.append(FileOutcome(StoreStatus.CANNOT_UNDERSTAND, error=error))
        else:
            self._file = self._files.begin(self._sending, self._calling_ae_title, self._study_instance_uid)

    def write(self, data: memoryview) -> None:
        """The next bytes of it."""
        if self._file is not None:
            self._file.write(data)

    def end_part(self) -> None:
        """Have it durably, or know why not."""
        if self._file is not None:
            self.outcomes.append(self._file.finish())
            self._file = None
