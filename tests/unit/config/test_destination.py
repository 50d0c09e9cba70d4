from typing import Any

import pytest
from pydantic import ValidationError

from service.config import Destination

DIMSE = {"name": "pacs", "host": "10.0.0.5", "port": 104, "ae_title": "PACS"}
WEB = {"name": "web", "stow": {"url": "https://pacs/dicom-web/"}}


def test_destination_is_a_dicom_node_or_a_web_service() -> None:
    assert Destination.model_validate(DIMSE).stow is None
    stow = Destination.model_validate(WEB).stow
    assert stow is not None
    assert (stow.url, stow.qido_url, stow.verify_tls) == ("https://pacs/dicom-web", None, True)


@pytest.mark.parametrize("missing", ["host", "ae_title"])
def test_dicom_node_needs_host_and_ae_title(missing: str) -> None:
    with pytest.raises(ValidationError, match="give host and ae_title, or stow"):
        Destination.model_validate({key: value for key, value in DIMSE.items() if key != missing})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (DIMSE | {"stow": WEB["stow"]}, "not both"),
        (WEB | {"tls": {"ca": "ca.pem"}}, "not both"),
        (WEB | {"confirm": "commitment"}, "is not asked for by STOW-RS"),
        (WEB | {"stow": {"url": "pacs:8042"}}, "no base of DICOMweb"),
        (WEB | {"stow": {"url": "http://pacs", "bearer_token_file": "t"}}, "in the clear"),
        (
            WEB | {"stow": {"url": "https://pacs", "qido_url": "http://pacs", "bearer_token_file": "t"}},
            "in the clear",
        ),
        (DIMSE | {"ae_title": ""}, "pattern"),
        (DIMSE | {"confirm": "hope"}, "auto"),
    ],
)
def test_destination_that_cannot_be_used_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Destination.model_validate(values)
