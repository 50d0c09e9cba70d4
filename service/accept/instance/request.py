"""What a C-STORE request says beside its dataset."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """The UIDs are the peer's word: the dataset may say otherwise."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str
    called_ae_title: str = ""
