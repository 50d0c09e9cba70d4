from pathlib import Path
from typing import Any

import pytest

from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.check import check


@pytest.mark.parametrize(
    "rule",
    [
        {"when": {"Modalty": "MG"}},
        {"views": {"expected": ["R CC"], "unilateral_when": {"Modalty": "MG"}}},
    ],
)
def test_completeness_rule_that_asks_for_no_dicom_keyword_is_refused(rule: dict[str, Any]) -> None:
    settings = Settings.model_validate({"assemble": {"completeness": [{"name": "a", **rule}]}})
    with pytest.raises(ConfigurationError, match=r"'Modalty' is not .* did you mean Modality"):
        check(settings)


def test_sender_with_a_host_that_is_none_is_refused() -> None:
    peer = {"ae_title": "US1", "hosts": ["room 7"]}
    with pytest.raises(ConfigurationError, match="room 7"):
        check(Settings.model_validate({"accept": {"peers": [peer]}}))


def test_tls_with_a_certificate_that_is_not_there_is_refused(tmp_path: Path) -> None:
    tls = {"certificate": tmp_path / "none.pem", "key": tmp_path / "none.key", "ca": tmp_path / "ca.pem"}
    with pytest.raises(ConfigurationError, match=r"none\.pem"):
        check(Settings.model_validate({"accept": {"tls": tls}}))


def test_character_set_of_a_sender_that_is_none_is_refused() -> None:
    peer = {"ae_title": "US1", "character_set": "KLINGON"}
    with pytest.raises(ConfigurationError, match=r"accept\.peers\.0\.character_set is 'KLINGON'"):
        check(Settings.model_validate({"accept": {"peers": [peer]}}))


def test_completeness_rule_that_counts_in_no_pacs_is_refused() -> None:
    rule = {"name": "count", "count": "pacs"}
    with pytest.raises(ConfigurationError, match=r"'count' has count = pacs"):
        check(Settings.model_validate({"assemble": {"completeness": [rule]}}))
