"""The heatmaps of a CT series as numbers, at their places in the patient."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from highdicom.pm.sop import pmread
from pydicom.dataset import Dataset

from service.config import ReportSettings, Rule
from service.config.profiles import DicomKind
from service.infer.worker import Worker
from service.report.gate import faults_of
from service.report.images import parametric_map
from service.report.objects import ReportObject
from service.report.reporter import Reporter
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest, ReportRequest
from tests.fakes.classifier import FakeClassifier, FakeCriteria
from tests.fakes.pool import INLINE_POOLS
from tests.servers.dcmtk import Dciodvfy
from tests.unit.pipeline import assemble, enqueue, receive
from tests.unit.report.builders import (
    COLUMNS,
    ROWS,
    as_received,
    header,
    mammogram,
    objects_of,
    pixels,
    read,
    result,
    score_of,
)
from tests.unit.report.slices import FRAME_OF_REFERENCE_UID, ct_slice

SHUFFLED = [ct_slice(3), ct_slice(1), ct_slice(2)]


def maps_of(*sources: Dataset) -> list[ReportObject]:
    received = [as_received(source) for source in sources]
    kinds: tuple[DicomKind, ...] = ("sr", "heatmap", "parametric-map")
    objects = objects_of(result(*map(score_of, received)), *received, kinds=kinds)
    return [one for one in objects if one.kind == "parametric-map"]


def test_a_reader_gets_the_heat_of_each_slice_at_its_height() -> None:
    (built,) = maps_of(*SHUFFLED)

    found = pmread(BytesIO(built.data))
    volume = found.get_volume()

    assert found.FrameOfReferenceUID == FRAME_OF_REFERENCE_UID
    assert volume.spacing == pytest.approx((5, 0.8, 0.8))
    heights_mm = sorted(
        float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for frame in found.PerFrameFunctionalGroupsSequence
    )
    assert heights_mm == [5, 10, 15]
    expected = np.broadcast_to(pixels().heatmap, (3, ROWS, COLUMNS))
    np.testing.assert_allclose(volume.array, expected, atol=1e-6)


def test_each_frame_names_the_slice_that_it_lies_over() -> None:
    ds = read(maps_of(*SHUFFLED)[0])
    by_image = {source.SOPInstanceUID: source.ImagePositionPatient for source in SHUFFLED}
    for frame in ds.PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        place = frame.PlanePositionSequence[0].ImagePositionPatient
        assert list(place) == list(by_image[source.ReferencedSOPInstanceUID])


def test_it_says_what_the_numbers_are() -> None:
    ds = read(maps_of(ct_slice(1))[0])
    (mapping,) = ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    quantity = mapping.QuantityDefinitionSequence[0].ConceptCodeSequence[0]
    assert quantity.CodeMeaning == "Gradient-weighted class activation"
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "1"
    assert (ds.ContentQualification, ds.BodyPartExamined) == ("RESEARCH", "CHEST")


@pytest.mark.parametrize(
    "sources",
    [
        SHUFFLED,
        [ct_slice(1)],
        [ct_slice(1, BodyPartExamined=None)],
        [ct_slice(1, BodyPartExamined="LUNG")],
        [ct_slice(1, BodyPartExamined="BREAST", Laterality="L")],
        [ct_slice(1, SpecificCharacterSet="GB18030", PatientName="Zhang^X=张^小明")],
    ],
)
def test_validator_and_gate_find_nothing(sources: list[Dataset], tmp_path: Path, dciodvfy: Dciodvfy) -> None:
    (built,) = maps_of(*sources)
    path = tmp_path / "map.dcm"
    path.write_bytes(built.data)
    assert dciodvfy.errors(path) == []
    known = {source.SOPInstanceUID for source in sources}
    assert faults_of(built, as_received(sources[0]), known, ReportSettings()) == []
    assert maps_of(*sources) == [built]


@pytest.mark.parametrize(
    "sources",
    [
        [header()],
        [mammogram()],
        [ct_slice(1, FrameOfReferenceUID=None)],
        [ct_slice(1, ImagePositionPatient=None)],
        [ct_slice(1, PixelSpacing=None)],
        [ct_slice(1, SliceThickness="")],
        [ct_slice(1), ct_slice(2, ImagePositionPatient=[-64, -48, 5])],
    ],
)
def test_what_has_no_place_of_its_own_gets_none(sources: list[Dataset]) -> None:
    assert maps_of(*sources) == []


def test_series_and_directions_have_maps_of_their_own() -> None:
    coronal = [1, 0, 0, 0, 0, -1]
    others = [ct_slice(7, SeriesInstanceUID="1.2.3"), ct_slice(8, ImageOrientationPatient=coronal)]
    found = [read(one).NumberOfFrames for one in maps_of(*SHUFFLED, *others)]
    assert sorted(found) == [1, 1, 3]


def test_long_series_come_in_several_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parametric_map, "MOST_PIXELS", 2 * ROWS * COLUMNS)
    found = [read(one) for one in maps_of(*SHUFFLED)]
    assert [(one.NumberOfFrames, one.InstanceNumber) for one in found] == [(2, 1), (1, 2)]
    assert len({one.SOPInstanceUID for one in found}) == 2
    assert len({one.SeriesInstanceUID for one in found}) == 1


def test_a_ct_series_that_a_classifier_reads_gets_one_with_its_report(
    ledger: Ledger, store: MemoryStore
) -> None:
    # Arrange
    classifier = FakeClassifier()
    criteria = FakeCriteria(modalities=("CT",), body_parts=("CHEST",))
    classifier.manifest = replace(classifier.manifest, name="ct", criteria=criteria)
    rule = Rule.model_validate(
        {"name": "ct", "when": {"Modality": "CT"}, "classifiers": ["ct"], "destinations": ["pacs"]}
    )
    uid = receive(ledger, store, [with_pixels(source) for source in SHUFFLED])
    assemble(ledger, store)
    enqueue(ledger, store, rule)

    # Act
    request = InferenceRequest(uid, 1, "ct").to_json()
    Worker(ledger, store, {"ct": classifier}, INLINE_POOLS, max_frames=4).handle(request)
    kinds: dict[str, tuple[DicomKind, ...]] = {"pacs": ("sr", "heatmap", "segmentation", "parametric-map")}
    Reporter(ledger, store, ReportSettings(), kinds).handle(ReportRequest(uid, 1).to_json())

    # Assert
    with ledger.read() as tx:
        waiting = tx.deliveries.waiting(uid, 1, "pacs")
    assert [one.kind for one in waiting] == [
        *["heatmap"] * 3,
        "parametric-map",
        *["segmentation"] * 3,
        "sr",
    ]
    assert {one.fault for one in waiting} == {""}
    found = pmread(BytesIO(store.get(waiting[3].key)))
    assert found.get_volume().array.shape == (3, ROWS, COLUMNS)
    assert found.get_volume().array.max() == pytest.approx(1, abs=0.01)


def with_pixels(source: Dataset) -> Dataset:
    """A dark slice with a bright square in it."""
    stored = np.full((ROWS, COLUMNS), 1000, np.int16)
    stored[40:60, 50:80] = 1200
    ds = as_received(source)
    ds.SamplesPerPixel, ds.WindowCenter, ds.WindowWidth = 1, 76, 200
    ds.add_new("PixelData", "OW", stored.tobytes())
    return ds
