import re
from pathlib import Path

from service.accept.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES
from service.accept.status import StoreStatus
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME

STATEMENT = (Path(__file__).parents[2] / "service" / "CONFORMANCE.md").read_text(encoding="utf-8")


def rows_under(heading: str) -> list[tuple[str, ...]]:
    section = STATEMENT.split(heading)[1].split("\n#")[0]
    return [
        tuple(cell.strip(" `") for cell in row.split("|")[1:-1])
        for row in re.findall(r"^\| .*", section, re.M)
    ]


def test_sop_classes_are_the_ones_that_are_accepted() -> None:
    assert rows_under("### SOP Classes")[2:] == [(name, uid) for uid, name in STORAGE_SOP_CLASSES.items()]


def test_transfer_syntaxes_are_the_ones_that_are_accepted() -> None:
    assert rows_under("### Transfer syntaxes")[2:] == [(name, uid) for uid, name in TRANSFER_SYNTAXES.items()]


def test_statuses_are_the_ones_that_are_answered() -> None:
    assert [row[0] for row in rows_under("### Statuses")[2:]] == [f"0x{s.value:04X}" for s in StoreStatus]


def test_implementation_is_named() -> None:
    assert IMPLEMENTATION_CLASS_UID in STATEMENT
    assert IMPLEMENTATION_VERSION_NAME in STATEMENT
