"""A receiver that a test tells what to answer, and archives' transfers that need no PACS."""

from collections.abc import Callable
from dataclasses import dataclass, field

from service.fetch.transfer import Transfer


@dataclass
class Kept:
    """One instance as it was handed on."""

    dataset: bytes
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    calling_ae_title: str


@dataclass
class ScriptedReceiver:
    """Keeps what it gets, and answers as told: by default with Success."""

    answer: Callable[[str], int] = lambda uid: 0x0000
    kept: list[Kept] = field(default_factory=list)

    def receive(
        self,
        encoded_dataset: bytes,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        calling_ae_title: str,
    ) -> int:
        status = self.answer(sop_instance_uid)
        self.kept.append(
            Kept(encoded_dataset, sop_class_uid, sop_instance_uid, transfer_syntax_uid, calling_ae_title)
        )
        return status


def transfer_to(receiver: ScriptedReceiver, told: list[int] | None = None) -> Transfer:
    """A transfer that tells its progress to `told`."""
    return Transfer(receiver, "PREREAD", (told if told is not None else []).append)
