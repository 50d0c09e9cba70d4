"""The ledger's entry of an instance that arrives."""

from dataclasses import replace
from datetime import UTC, datetime

from service.accept.instance.request import StoreRequest
from service.dicom.identity import Identity
from service.study.model import ReceivedInstance

_DIGEST_DIGITS = 32
"""Of the digest in a key. With 16, a peer could compute two datasets of one key and so replace one."""


def entry_of(request: StoreRequest, identity: Identity, size_bytes: int) -> ReceivedInstance:
    """The entry, without digest and key: `named` gives them, when its sender need not wait for it any more.

    The size is that of the dataset as it came, not of the file around it.
    """
    return ReceivedInstance(
        study_instance_uid=identity.study_instance_uid,
        series_instance_uid=identity.series_instance_uid,
        sop_instance_uid=identity.sop_instance_uid,
        sop_class_uid=identity.sop_class_uid,
        transfer_syntax_uid=request.transfer_syntax_uid,
        key="",
        digest="",
        size_bytes=size_bytes,
        calling_ae_title=request.calling_ae_title,
        called_ae_title=request.called_ae_title,
        received_at=datetime.now(UTC),
    )


def named(instance: ReceivedInstance, digest: str) -> ReceivedInstance:
    """The same with the digest of its dataset, and the key of its file, in which the digest is."""
    name = f"{instance.sop_instance_uid}-{digest[:_DIGEST_DIGITS]}"
    return replace(instance, digest=digest, key=f"instances/{instance.study_instance_uid}/{name}.dcm")
