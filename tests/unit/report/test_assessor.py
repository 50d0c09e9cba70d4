"""What a person says of a result, as objects that go where the result went."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from highdicom import sr
from pydicom import dcmread
from pydicom.dataset import Dataset

from service.config import ReportSettings
from service.config.profiles import ObjectKind
from service.errors import Permanent
from service.report.assessor import Assessor
from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents.assessment_report import assessed, build_assessment
from service.report.source import reference
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.assess import assess
from service.storage.ledger.tables.deliveries import StoredObject
from service.storage.store.memory import MemoryStore
from service.study.assessment import Assessment, Verdict
from service.study.messages import AssessmentRequest
from tests.servers.dcmtk import Dciodvfy
from tests.servers.pixelmed import PixelMed
from tests.unit.pipeline import messages, phantom
from tests.unit.report.builders import as_received, result, score_of
from tests.unit.report.test_beside import SOURCES
from tests.unit.report.test_not_analysed import read_class
from tests.unit.report.test_reporter import inferred, report

KINDS: dict[str, tuple[ObjectKind, ...]] = {"pacs": ("sr", "heatmap", "assessment", "rejection")}
ACCEPTED = Assessment("1.2.3", 1, "us-mass", Verdict.ACCEPTED, "", "", "AB", datetime(2026, 1, 2, tzinfo=UTC))
MODIFIED = replace(ACCEPTED, verdict=Verdict.MODIFIED, category="3", comment="a cyst – no mass")
REJECTED = replace(ACCEPTED, verdict=Verdict.REJECTED, comment="artefact")


def document_of(assessment: Assessment, source: Dataset, positive: bool = True) -> bytes:
    found = result(score_of(source, positive=positive))
    judged = reference(found.study_instance_uid, "1.2.9", "1.2.840.10008.5.1.4.1.1.88.34", "1.2.9.1")
    before = reference(found.study_instance_uid, "1.2.8", "1.2.840.10008.5.1.4.1.1.88.34", "1.2.8.1")
    context = ReportContext(assessed(found, assessment), source, ReportSettings())
    return build_assessment(context, assessment, [judged], before)


@pytest.mark.parametrize(
    ("name", "assessment"),
    [*((name, MODIFIED) for name in SOURCES), ("cine", ACCEPTED), ("mammograms", REJECTED)],
)
def test_validators_find_no_error(
    name: str, assessment: Assessment, tmp_path: Path, dciodvfy: Dciodvfy, pixelmed: PixelMed
) -> None:
    source = as_received(SOURCES[name][0])
    path = tmp_path / "assessment.dcm"
    path.write_bytes(document_of(assessment, source))
    assert dciodvfy.errors(path) == []
    assert pixelmed.errors(path) == []
    assert read_class(path) >= {source.SOPClassUID}


@pytest.mark.parametrize(
    ("assessment", "overall", "category"),
    [
        (ACCEPTED, codes.AGREEMENT, "4B"),
        (MODIFIED, codes.DISAGREEMENT, "3"),
        (REJECTED, codes.DISAGREEMENT, ""),
    ],
)
def test_a_reader_finds_who_said_what(assessment: Assessment, overall: object, category: str) -> None:
    source = as_received(SOURCES["colour ultrasound"][0])
    document = sr.srread(BytesIO(document_of(assessment, source)))

    (group,) = document.content.get_planar_roi_measurement_groups()

    (said,) = group.get_qualitative_evaluations(codes.OVERALL_ASSESSMENT)
    assert said.value == overall
    given = [one.value for one in group.get_qualitative_evaluations(codes.ASSESSMENT_CATEGORY)]
    assert given == ([codes.assessment(category)] if category else [])
    (observer,) = document.content.get_observer_contexts()
    assert observer.observer_type == codes.PERSON
    assert str(observer.observer_identifying_attributes.name) == "AB^"
    assert document.VerificationFlag == "UNVERIFIED"
    assert document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0].SeriesInstanceUID == "1.2.8"
    assert document.ContentDate == "20260102"


def test_the_same_assessment_gives_the_same_bytes() -> None:
    source = as_received(SOURCES["Japanese name"][0])
    assert document_of(MODIFIED, source) == document_of(MODIFIED, source)


@pytest.fixture
def reported(ledger: Ledger, store: MemoryStore) -> str:
    uid = inferred(ledger, store, phantom())
    report(ledger, store, uid)
    messages(ledger, "delivery.pacs")
    return uid


def say(ledger: Ledger, uid: str, one: Assessment) -> None:
    with ledger.begin() as tx:
        assess(tx, replace(one, study_instance_uid=uid, assessed_at=datetime.now(UTC)))


def write(ledger: Ledger, store: MemoryStore) -> None:
    for body in messages(ledger, "assessment"):
        Assessor(ledger, store, ReportSettings(), KINDS).handle(body)


def objects(ledger: Ledger, uid: str, kind: str) -> list[StoredObject]:
    with ledger.read() as tx:
        return sorted(
            (one for one in tx.deliveries.objects_of(uid) if one.kind == kind), key=lambda o: o.created_at
        )


def test_assessment_goes_where_the_result_went(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, ACCEPTED)

    write(ledger, store)

    (written,) = objects(ledger, reported, "assessment")
    assert written.fault == ""
    assert [body["destination"] for body in messages(ledger, "delivery.pacs")] == ["pacs"]
    with ledger.read() as tx:
        (kept,) = tx.assessments.of_studies([reported])
        said = [entry.reason for entry in tx.studies.history(reported)][-2:]
    assert kept.sop_instance_uid == written.sop_instance_uid
    assert said == [
        "us-mass: accepted by AB",
        "assessment of us-mass written, being sent to pacs",
    ]
    assert objects(ledger, reported, "rejection") == []


def test_second_assessment_names_the_first(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, ACCEPTED)
    say(ledger, reported, MODIFIED)

    write(ledger, store)

    first, second = objects(ledger, reported, "assessment")
    named = (
        dcmread(BytesIO(store.get(second.key))).PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
    )
    assert named.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.sop_instance_uid
    assert (first.fault, second.fault) == ("", "")


def test_rejection_has_a_note_on_the_results(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, REJECTED)

    write(ledger, store)

    (note,) = objects(ledger, reported, "rejection")
    ds = dcmread(BytesIO(store.get(note.key)))
    named = {
        item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        for item in ds.ContentSequence
        if "ReferencedSOPSequence" in item
    }
    results = {one.sop_instance_uid for kind in ("sr", "heatmap") for one in objects(ledger, reported, kind)}
    assert (named, note.fault) == (results, "")
    assert "Fake classifier: rejected by a person." in [
        item.TextValue for item in ds.ContentSequence if "TextValue" in item
    ]


def test_repeated_request_writes_nothing_again(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, ACCEPTED)
    write(ledger, store)
    count = len(store.keys("objects/"))

    Assessor(ledger, store, ReportSettings(), KINDS).handle(AssessmentRequest(reported, 1).to_json())

    assert len(store.keys("objects/")) == count


def test_what_loses_its_lease_enters_nothing(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, ACCEPTED)
    (body,) = messages(ledger, "assessment")

    Assessor(ledger, store, ReportSettings(), KINDS).handle(body, lambda tx: False)

    assert objects(ledger, reported, "assessment") == []


def test_dead_letter_says_so_on_the_study(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    body = AssessmentRequest(reported, 1).to_json()

    Assessor(ledger, store, ReportSettings()).give_up(body, "no room")

    with ledger.read() as tx:
        last = tx.studies.history(reported)[-1]
    assert last.reason == "what was said of the results could not be written: no room"


def test_image_that_is_gone_is_said(ledger: Ledger, store: MemoryStore, reported: str) -> None:
    say(ledger, reported, ACCEPTED)
    for key in store.keys("instances/"):
        store.delete(key)

    with pytest.raises(Permanent, match="not in the store any more"):
        write(ledger, store)
