import re
from pathlib import Path

from service.accept.abort import AbortReason
from service.accept.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES
from service.accept.limits import ASSOCIATE_WITHIN_S, LONGEST_PDU_BYTES, MAX_COMMAND_BYTES, MAX_PDU_BYTES
from service.accept.negotiation import MAX_REQUEST_BYTES
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


def test_limits_are_the_ones_that_are_held() -> None:
    limits = {row[0]: row[1] for row in rows_under("### Limits of the acceptor")[2:]}
    assert limits["Maximum length that is proposed"] == f"{MAX_PDU_BYTES} bytes"
    assert limits["P-DATA-TF PDU"] == f"{LONGEST_PDU_BYTES} bytes"
    assert limits["A-ASSOCIATE-RQ PDU"] == f"{MAX_REQUEST_BYTES} bytes"
    assert limits["Command set"] == f"{MAX_COMMAND_BYTES} bytes"
    assert limits["Time for A-ASSOCIATE-RQ (ARTIM)"].startswith(f"{ASSOCIATE_WITHIN_S:.0f} s")


def test_abort_reasons_are_the_ones_that_are_sent() -> None:
    stated = [row[0].split(" ", 2)[:2] for row in rows_under("### A-ABORT by the acceptor")[2:]]
    assert stated == [[f"{source},", f"{reason}"] for source, reason in (r.value for r in AbortReason)]


def test_implementation_is_named() -> None:
    assert IMPLEMENTATION_CLASS_UID in STATEMENT
    assert IMPLEMENTATION_VERSION_NAME in STATEMENT
