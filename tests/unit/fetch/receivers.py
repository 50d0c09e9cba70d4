"""A receiver that a test tells what to answer, and archives' transfers that need no PACS."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from service.dicom.file import go_to_dataset
from service.fetch.spool import Spool
from service.fetch.spooled import SpooledInstance
from service.fetch.transfer import Transfer

MAX_BYTES = 1_000_000
spool = Spool(Path("never-entered"), MAX_BYTES)
"""Of every transfer; a fixture sets it for each test."""


@dataclass
class Kept:
    """One instance as it was handed on."""

    dataset: bytes
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str


@dataclass
class ScriptedReceiver:
    """Keeps what it gets, and answers as told: by default with Success."""

    answer: Callable[[str], int] = lambda uid: 0x0000
    kept: list[Kept] = field(default_factory=list)

    def receive(self, instance: SpooledInstance) -> int:
        status = self.answer(instance.sop_instance_uid)
        with instance.path.open("rb") as file:
            go_to_dataset(file)
            dataset = file.read()
        names = (instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid)
        self.kept.append(Kept(dataset, *names))
        return status


def transfer_to(receiver: ScriptedReceiver, told: list[int] | None = None) -> Transfer:
    """A transfer that tells its progress to `told`."""
    return Transfer(receiver, spool, (told if told is not None else []).append)


def take(
    transfer: Transfer, dataset: bytes, sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str
) -> int:
    """Have one instance come in one piece."""
    instance = transfer.begin(sop_class_uid, sop_instance_uid, transfer_syntax_uid)
    instance.write(dataset)
    return transfer.take(instance)
