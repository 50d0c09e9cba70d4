"""OHIF, the web viewer, before an Orthanc: its built pages, and Orthanc's DICOMweb at the same address."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from tests.servers.orthanc import Orthanc
from tests.servers.process import HOST, free_port, listens
from tests.servers.programs import skip_or_fail

BUILD = Path(__file__).resolve().parents[2] / "build" / "ohif"
DICOMWEB = {
    "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
    "sourceName": "orthanc",
    "configuration": {
        "friendlyName": "Orthanc",
        "name": "orthanc",
        "wadoUriRoot": "/wado",
        "qidoRoot": "/dicom-web",
        "wadoRoot": "/dicom-web",
        "qidoSupportsIncludeField": False,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "enableStudyLazyLoad": True,
        "supportsFuzzyMatching": False,
        "supportsWildcard": True,
        "omitQuotationForMultipartRequest": True,
        "bulkDataURI": {"enabled": True},
    },
}
CONFIGURATION = {
    "routerBasename": "/",
    "extensions": [],
    "modes": [],
    "customizationService": {},
    "showStudyList": True,
    "maxNumberOfWebWorkers": 1,
    "showWarningMessageForCrossOrigin": False,
    "showCPUFallbackMessage": False,
    "showLoadingIndicator": True,
    "strictZSpacingForVolumeViewport": True,
    "investigationalUseDialog": {"option": "never"},
    "defaultDataSourceName": "orthanc",
    "dataSources": [DICOMWEB],
}


class Ohif:
    """The viewer at an address of this machine."""

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, page: Page, study_instance_uid: str) -> None:
        """Show a study, without the tour for newcomers."""
        page.goto(f"{self.url}/viewer?StudyInstanceUIDs={study_instance_uid}")
        page.get_by_text("Skip all").click()

    def show_series(self, page: Page, label: str) -> None:
        """Put the series with this text on its thumbnail into the viewport."""
        page.locator("[data-cy^=study-browser-thumbnail]").filter(has_text=label).dblclick()


@contextmanager
def ohif_before(orthanc: Orthanc) -> Iterator[Ohif]:
    """An OHIF that shows what `orthanc` holds."""
    if not BUILD.is_dir():
        skip_or_fail("OHIF is not there: `make build/ohif/.installed` brings it")
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(_pages(orthanc), HOST, port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while thread.is_alive() and not listens(port):
            time.sleep(0.05)
        yield Ohif(f"http://{HOST}:{port}")
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def ohif(orthanc: Orthanc) -> Iterator[Ohif]:
    """An OHIF that shows what `orthanc` holds."""
    with ohif_before(orthanc) as viewer:
        yield viewer


def _pages(orthanc: Orthanc) -> Starlette:
    async def page(request: Request) -> Response:
        wanted = BUILD / request.path_params["path"]
        return FileResponse(wanted if wanted.is_file() else BUILD / "index.html")

    async def configuration(request: Request) -> Response:
        return Response(f"window.config = {json.dumps(CONFIGURATION)};", media_type="text/javascript")

    async def dicomweb(request: Request) -> Response:
        async with httpx.AsyncClient(timeout=60.0) as client:
            answer = await client.get(
                f"{orthanc.http_url}{request.url.path}",
                params=request.query_params,
                headers={"Accept": request.headers["Accept"], "Host": request.headers["Host"]},
            )
        kind = answer.headers.get("Content-Type")
        return Response(answer.content, answer.status_code, {"Content-Type": kind} if kind else None)

    return Starlette(
        routes=[
            Route("/app-config.js", configuration),
            Route("/dicom-web/{path:path}", dicomweb),
            Route("/{path:path}", page),
        ]
    )
