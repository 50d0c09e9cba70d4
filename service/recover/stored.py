"""What a file in the instance store says of itself: its key names it and holds the digest of its dataset."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from blake3 import blake3

from service.dicom.file import go_to_dataset, pieces, read_ae_titles
from service.dicom.identity import Identity, IdentityReader
from service.errors import DamagedFile
from service.storage.store.port import InstanceStore, Kept
from service.study.model import ReceivedInstance

INSTANCES = "instances/"
MAX_AE_TITLE = 16
"""Characters (PS3.5 table 6.2-1)."""
_KEY = re.compile(
    r"instances/(?P<study>[0-9.]{1,64})/(?P<instance>[0-9.]{1,64})-(?P<digest>[0-9a-f]{16,64})\.dcm"
)


@dataclass(frozen=True, slots=True)
class Name:
    """What a key says: UIDs, and the beginning of the dataset's BLAKE3 in hexadecimal digits."""

    study_instance_uid: str
    sop_instance_uid: str
    digest: str


def name_of(key: str) -> Name | None:
    """None for a key that no received instance has."""
    match = _KEY.fullmatch(key)
    return Name(match["study"], match["instance"], match["digest"]) if match else None


def study_of(key: str) -> str:
    """The folder of a key, which a study has for itself."""
    return key.split("/")[1] if key.count("/") > 1 else ""


def read_instance(store: InstanceStore, kept: Kept, max_inflated_bytes: int) -> ReceivedInstance:
    """The entry that the instance had, as far as its file tells: it is taken as received when it was written.

    All of it is read, some at a time. Raises DamagedFile where the bytes are not those that its key names,
    NotDicom, MissingAttribute, UnsafeUID or TooLarge; KeyError where it has gone, StoreUnavailable.
    """
    name = name_of(kept.key)
    if name is None:
        raise DamagedFile(
            "no received instance has such a name: move the file away, or give it its name back"
        )
    with store.open(kept.key) as file:
        calling_ae_title, called_ae_title = read_ae_titles(file)
        transfer_syntax_uid = go_to_dataset(file)
        identity, digest, size_bytes = _read(
            file, name, IdentityReader(transfer_syntax_uid, max_inflated_bytes)
        )
    return ReceivedInstance(
        study_instance_uid=identity.study_instance_uid,
        series_instance_uid=identity.series_instance_uid,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        transfer_syntax_uid=transfer_syntax_uid,
        key=kept.key,
        digest=digest,
        size_bytes=size_bytes,
        calling_ae_title=calling_ae_title[:MAX_AE_TITLE],
        received_at=kept.written_at,
        called_ae_title=called_ae_title[:MAX_AE_TITLE],
    )


def _read(file: BinaryIO, name: Name, reader: IdentityReader) -> tuple[Identity, str, int]:
    """Identity, digest and size in bytes of the dataset that comes now."""
    hashed, size_bytes = blake3(), 0
    for piece in pieces(file):
        hashed.update(piece)
        reader.feed(piece)
        size_bytes += len(piece)
    digest = hashed.hexdigest()
    if not digest.startswith(name.digest):
        raise DamagedFile("the bytes are not those that were received: the digest is not the one in the name")
    identity = reader.identity()
    if (identity.study_instance_uid, identity.sop_instance_uid) != (
        name.study_instance_uid,
        name.sop_instance_uid,
    ):
        raise DamagedFile("the file lies under the name of another instance, or of another study")
    return identity, digest, size_bytes
