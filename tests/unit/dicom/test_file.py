import errno
from io import BytesIO

import pytest

from service.dicom.file import PIECE_BYTES, go_to_dataset, pieces, read_file_identity
from service.errors import NotDicom, StoreUnavailable
from tests.fakes.datasets import EXPLICIT_VR_LE, encoded, part10, us_dataset


class Watched(BytesIO):
    """A file that remembers how much of it was read, and the most at a time."""

    read_bytes = most_bytes = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.read_bytes += len(data)
        self.most_bytes = max(self.most_bytes, len(data))
        return data


class Failing(BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


def test_identity_is_read_from_the_beginning_of_a_long_file() -> None:
    dataset = us_dataset(PixelData=bytes(5 * PIECE_BYTES))
    file = Watched(part10(dataset))
    identity, transfer_syntax_uid = read_file_identity(file, 10_000)
    assert (identity.sop_instance_uid, transfer_syntax_uid) == (dataset.SOPInstanceUID, EXPLICIT_VR_LE)
    assert file.read_bytes < 2 * PIECE_BYTES


def test_dataset_comes_in_pieces() -> None:
    dataset = us_dataset(PixelData=bytes(3 * PIECE_BYTES))
    file = Watched(part10(dataset))
    assert go_to_dataset(file) == EXPLICIT_VR_LE
    assert b"".join(pieces(file)) == encoded(dataset)
    assert file.most_bytes <= PIECE_BYTES


@pytest.mark.parametrize("data", [b"", b"no DICOM", bytes(128) + b"DICM", bytes(128) + b"DICM" + bytes(50)])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(NotDicom):
        go_to_dataset(BytesIO(data))


def test_file_that_fails_is_not_taken_for_a_bad_one() -> None:
    with pytest.raises(StoreUnavailable, match="check the store"):
        read_file_identity(Failing(), 10_000)
    with pytest.raises(StoreUnavailable, match="check the store"):
        list(pieces(Failing()))
