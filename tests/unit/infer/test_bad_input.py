"""Bad images in a study: each is explained, and the good ones beside them are analysed all the same."""

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset

from service.infer.worker import Worker
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.messages import InferenceRequest
from service.study.result import AnalysisResult
from service.study.state import StudyState
from tests.fakes.classifier import FakeClassifier
from tests.fakes.pool import INLINE_POOLS
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, phantom, receive, study_of


def truncate(ds: Dataset) -> None:
    ds.PixelData = ds.PixelData[:1000]


def take_pixels(ds: Dataset) -> None:
    del ds.PixelData


def lie_about_frames(ds: Dataset) -> None:
    ds.NumberOfFrames = 50


def lie_about_rows(ds: Dataset) -> None:
    ds.Rows = 65535
    ds.Columns = 65535


def strange_characters(ds: Dataset) -> None:
    ds.SpecificCharacterSet = "ISO 2022 IR 999"
    ds.add_new("PatientName", "PN", b"M\xfcller^\xff\xfe")
    ds.Modality = "CT"


def analyse_beside_a_good_one(
    ledger: Ledger, store: MemoryStore, spoil: Callable[[Dataset], None]
) -> tuple[str, AnalysisResult]:
    good, bad = phantom()
    spoil(bad)
    uid = receive(ledger, store, [good, bad])
    assemble(ledger, store)
    enqueue(ledger, store, US_TO_PACS)
    worker = Worker(ledger, store, {"us-mass": FakeClassifier()}, INLINE_POOLS, max_frames=4)
    worker.handle(InferenceRequest(uid, 1, "us-mass").to_json())
    with ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert analysis.result is not None
    return uid, analysis.result


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncate, "pixel data"),
        (take_pixels, "pixel"),
        (lie_about_frames, "pixel data"),
        (lie_about_rows, "65535"),
        (strange_characters, "modality CT"),
    ],
)
def test_bad_image_is_explained_and_the_good_one_scored(
    ledger: Ledger, store: MemoryStore, spoil: Callable[[Dataset], None], reason: str
) -> None:
    uid, result = analyse_beside_a_good_one(ledger, store, spoil)

    assert len(result.scores) == 1
    (refusal,) = result.refusals
    assert reason in refusal.reason.lower() or reason in refusal.reason
    study = study_of(ledger, uid)
    assert study.state is StudyState.INFERRED
    assert "1 of 2 images scored" in study.reason
