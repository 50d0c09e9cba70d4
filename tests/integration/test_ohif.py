"""What a radiologist sees of a result in OHIF, in a real browser, from a real PACS."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from pydicom import dcmwrite

from service.config import ReportSettings
from service.config.profiles import PROFILES
from service.report.reporter import Reporter
from service.report.text import percent
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.messages import ReportRequest
from service.study.result import AnalysisResult
from tests.servers.chromium import PATIENCE_MS
from tests.servers.ohif import Ohif
from tests.servers.orthanc import Orthanc
from tests.unit.pipeline import in_one_series, phantom
from tests.unit.report.test_reporter import inferred

pytestmark = pytest.mark.integration


@pytest.fixture
def result(orthanc: Orthanc, tmp_path: Path) -> Iterator[AnalysisResult]:
    """That of a phantom study which is in the PACS, images and results."""
    ledger, store, sources = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}"), MemoryStore(), phantom()
    ledger.upgrade()
    in_one_series(sources)  # OHIF does not go from one to another
    uid = inferred(ledger, store, sources)
    Reporter(ledger, store, ReportSettings(), {"pacs": PROFILES["ohif"]}).handle(
        ReportRequest(uid, 1).to_json()
    )
    with ledger.read() as tx:
        objects, found = tx.deliveries.objects_of(uid), tx.analyses.last_result(uid, "us-mass")
    assert found
    files = [store.get(one.key) for one in objects]
    for ds in sources:
        dcmwrite(buffer := BytesIO(), ds, enforce_file_format=True)
        files.append(buffer.getvalue())
    for file in files:
        orthanc.rest_store(file)
    yield found
    ledger.close()


def coloured(page: Page, path: Path) -> float:
    """The share of the viewport that is no grey."""
    page.locator("[data-cy=viewport-pane] canvas").first.screenshot(path=path)
    with Image.open(path) as picture:
        colours = np.asarray(picture.convert("RGB"), int)
    return float((np.ptp(colours, axis=2) > 20).mean())


def test_heatmap_opens_in_colour(page: Page, ohif: Ohif, result: AnalysisResult, tmp_path: Path) -> None:
    ohif.open(page, result.study_instance_uid)
    assert coloured(page, tmp_path / "source.png") < 0.05

    ohif.show_series(page, "AI heatmap")

    overlay = page.locator("[data-cy=viewport-overlay-top-left]")
    expect(overlay).to_contain_text("AI heatmap Fake classifier", timeout=PATIENCE_MS)
    while coloured(page, tmp_path / "heatmap.png") < 0.2:  # until the test's own limit
        page.wait_for_timeout(250)


def test_sr_draws_its_regions_and_lists_its_probabilities(
    page: Page, ohif: Ohif, result: AnalysisResult, tmp_path: Path
) -> None:
    ohif.open(page, result.study_instance_uid)

    ohif.show_series(page, "S:9100")

    annotations = page.locator("[data-cy=viewport-pane] svg.svg-layer")
    expect(annotations).to_contain_text("Probability of cancer", timeout=PATIENCE_MS)
    for score in result.scores:
        said = f"Probability of cancer: {float(percent(score.probability)):.2f} %"
        while said not in (annotations.text_content() or ""):  # until the test's own limit
            page.locator("[data-cy=viewport-action-arrows-right]").click()
            page.wait_for_timeout(500)
        page.screenshot(path=tmp_path / f"sr-{score.laterality}.png")
        outline = annotations.locator("polyline").first.get_attribute("points") or ""
        assert len(outline.split()) // 2 >= len(score.shown_outline)
