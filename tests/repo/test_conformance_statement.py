import re
from pathlib import Path

from pydicom.sr.coding import Code

from service.accept.admission.admission import Rejection
from service.accept.association.abort import AbortReason
from service.accept.association.answer import ServiceStatus
from service.accept.association.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES
from service.accept.association.limits import (
    ASSOCIATE_WITHIN_S,
    LONGEST_PDU_BYTES,
    MAX_COMMAND_BYTES,
    MAX_PDU_BYTES,
    MAX_REQUEST_BYTES,
)
from service.accept.association.n_services import MAX_DATASET_BYTES
from service.accept.commitment.truth import FailureReason
from service.accept.instance.status import StoreStatus
from service.config import Destination
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.net.c_find import STUDY_ROOT_FIND
from service.net.storage_commitment import FAILURE_REASONS, STORAGE_COMMITMENT
from service.perform import attributes
from service.perform.performer import AWAY_S, REFUSED_S
from service.send.dimse import contexts_for
from service.worklist.dicomweb.asked import FURTHEST, MOST_RESULTS
from service.worklist.dicomweb.levels import INSTANCES, SERIES, STUDIES

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
    assert limits["Dataset of a DIMSE-N request"] == f"{MAX_DATASET_BYTES} bytes"
    assert limits["Command set"] == f"{MAX_COMMAND_BYTES} bytes"
    assert limits["Time for A-ASSOCIATE-RQ (ARTIM)"].startswith(f"{ASSOCIATE_WITHIN_S:.0f} s")


def test_abort_reasons_are_the_ones_that_are_sent() -> None:
    stated = [row[0].split(" ", 2)[:2] for row in rows_under("### A-ABORT by the acceptor")[2:]]
    assert stated == [[f"{source},", f"{reason}"] for source, reason in (r.value for r in AbortReason)]


def test_rejections_are_the_ones_that_are_given() -> None:
    stated = {tuple(map(int, re.findall(r"\d+", row[0]))) for row in rows_under("### Rejections by")[2:]}
    given = {(r.value.result, r.value.source, r.value.diagnostic) for r in Rejection}
    assert stated == given


def test_statuses_of_dimse_n_services_are_the_ones_that_are_answered() -> None:
    stated = [row[0] for row in rows_under("### Statuses of DIMSE-N services")[2:]]
    assert stated == [f"0x{status.value:04X}" for status in ServiceStatus]


def test_failure_reasons_are_the_ones_that_are_reported() -> None:
    section = STATEMENT.split("## Storage Commitment SCP")[1].split("\n#")[0]
    stated = re.findall(r"^\| `(0x[0-9A-F]{4})`", section, re.M)
    assert stated == [f"0x{reason.value:04X}" for reason in FailureReason]


def test_failure_reasons_are_the_ones_that_are_understood() -> None:
    stated = [row[0] for row in rows_under("## Storage Commitment SCU")[2:]]
    assert stated == [f"0x{reason:04X}" for reason in FAILURE_REASONS]


def test_what_is_proposed_beside_storage_is_what_is_stated() -> None:
    names = {STORAGE_COMMITMENT: "Storage Commitment Push Model", STUDY_ROOT_FIND: "Study Root FIND"}
    for confirm, stated, _ in rows_under("### What proves")[2:]:
        node = {"name": "pacs", "host": "pacs", "ae_title": "PACS", "confirm": confirm}
        proposed = contexts_for(Destination.model_validate(node), ())
        assert ", ".join(names[uid] for uid, _ in proposed) == stated.removesuffix("nothing")


def test_keys_and_limits_of_a_search_are_the_ones_that_are_held() -> None:
    stated = [row[1] for row in rows_under("## QIDO-RS and WADO-RS origin server") if "search:" in row[1]]
    assert stated == [f"search: {', '.join(level.keys)}" for level in (STUDIES, SERIES, INSTANCES)]
    assert f"at most {MOST_RESULTS}," in STATEMENT
    assert f"at most {FURTHEST};" in STATEMENT


def test_implementation_is_named() -> None:
    assert IMPLEMENTATION_CLASS_UID in STATEMENT
    assert IMPLEMENTATION_VERSION_NAME in STATEMENT


def test_codes_of_workitems_that_are_canceled_are_the_ones_that_are_told() -> None:
    section = STATEMENT.split("## UPS-RS user agent")[1].split("\n## ")[0]
    told = {one.value for one in vars(attributes).values() if isinstance(one, Code)}
    assert set(re.findall(r"\b110\d{3}\b", section)) == told
    assert f"left alone for {AWAY_S:g} s" in section
    assert f"left alone for {REFUSED_S:g} s" in section
