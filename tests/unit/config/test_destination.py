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
    with pytest.raises(ValidationError, match="give host and ae_title, or one of stow"):
        Destination.model_validate({key: value for key, value in DIMSE.items() if key != missing})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (DIMSE | {"stow": WEB["stow"]}, "not several"),
        (WEB | {"tls": {"ca": "ca.pem"}}, "not several"),
        (WEB | {"confirm": "commitment"}, "is not asked for by STOW-RS"),
        (WEB | {"stow": {"url": "pacs:8042"}}, "no base URL"),
        (WEB | {"stow": {"url": "http://pacs", "bearer_token_file": "t"}}, "in the clear"),
        (
            WEB | {"stow": {"url": "https://pacs", "qido_url": "http://pacs", "bearer_token_file": "t"}},
            "in the clear",
        ),
        (DIMSE | {"ae_title": ""}, "pattern"),
        ({"name": "ris", "hl7": {"host": "ris"}, "confirm": "query"}, "acknowledgement is the only proof"),
        ({"name": "ris", "hl7": {"host": "ris"}, "profile": "ohif"}, "leave profile out"),
        ({"name": "ris", "hl7": {"host": "ris"}, "fhir": {"url": "https://ris"}}, "not several"),
        ({"name": "ris", "hl7": {"host": "ris", "sending_facility": "A|B"}}, "pattern"),
        ({"name": "ris", "fhir": {"url": "http://ris", "bearer_token_file": "t"}}, "in the clear"),
        ({"name": "ris", "webhook": {"url": "https://ris"}}, "secret_file"),
        (DIMSE | {"confirm": "hope"}, "auto"),
    ],
)
def test_destination_that_cannot_be_used_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Destination.model_validate(values)
