"""Take the pictures of `service/report/VIEWERS.md`: a phantom study in OHIF, as the service leaves it."""

from pathlib import Path

from playwright.sync_api import Page

from service.cli.demo.phantom import phantom_study
from tests.integration.scanner import store, write
from tests.servers.chromium import running_chromium
from tests.servers.dcmtk import Dcmtk
from tests.servers.ohif import Ohif, ohif_before
from tests.servers.orthanc import Orthanc
from tests.servers.preread import Preread, running
from tests.servers.process import HOST, temporary_folder
from tests.unit.pipeline import in_one_series

PICTURES = Path(__file__).resolve().parents[1] / "service" / "report"
SIZE = (1340, 760)
SETTLED_MS = 4000
OBJECTS = ["sr", "heatmap", "pdf", "assessment"]


def main() -> None:
    """Write the pictures."""
    with temporary_folder("screenshots") as folder:
        orthanc = Orthanc(folder)
        orthanc.start()
        try:
            uid = _deliver(orthanc, folder)
            with ohif_before(orthanc) as ohif, running_chromium() as chromium, chromium.page(SIZE) as page:
                _take(page, ohif, uid)
        finally:
            orthanc.stop()


def _deliver(orthanc: Orthanc, folder: Path) -> str:
    """A phantom study and its results go to the PACS. Returns its UID."""
    study = phantom_study(1)
    in_one_series(study)
    files, dcmtk = write(study, folder / "study"), Dcmtk()
    pacs = {"name": "pacs", "host": HOST, "port": orthanc.dicom_port, "ae_title": orthanc.ae_title}
    settings = {
        "report": {"profiles": [{"name": "shown", "objects": OBJECTS}]},
        "destinations": [pacs | {"profile": "shown"}],
    }
    dcmtk.run("storescu", "-R", HOST, str(orthanc.dicom_port), *map(str, files))
    with running(Preread(folder, orthanc.dicom_port, orthanc.ae_title, **settings)) as preread:
        store(dcmtk, preread, files)
        preread.wait_for_state(str(study[0].StudyInstanceUID), "delivered")
    return str(study[0].StudyInstanceUID)


def _take(page: Page, ohif: Ohif, study_instance_uid: str) -> None:
    ohif.open(page, study_instance_uid)
    for name, label in (("heatmap", "AI heatmap"), ("pdf", "AI report"), ("sr", "S:9100")):
        ohif.show_series(page, label)
        page.wait_for_timeout(SETTLED_MS)
        for control in (
            "cine-player-close",
            "viewport-action-arrows-right",
        ):  # of the SR: to the second image
            if page.locator(f"[data-cy={control}]").is_visible():
                page.locator(f"[data-cy={control}]").click()
                page.wait_for_timeout(SETTLED_MS / 2)
        page.screenshot(path=PICTURES / f"screenshot-ohif-{name}.png")


if __name__ == "__main__":
    main()
