import re
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


def test_bucket_whose_credentials_are_not_there_is_refused(tmp_path: Path) -> None:
    store = {"kind": "s3", "bucket": "images", "credentials_file": tmp_path / "none"}
    with pytest.raises(ConfigurationError, match=r"store\.credentials_file: cannot read .*none"):
        check(Settings.model_validate({"store": store, "data_folder": tmp_path}))


PACS = {"host": "127.0.0.1", "port": 104, "ae_title": "PACS"}


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"destinations": [PACS | {"name": "pacs", "tls": {"ca": "none.pem"}}]}, "destinations.pacs.tls.ca"),
        (
            {"sources": [{"name": "pacs", "dimse": PACS | {"tls": {"ca": "none.pem"}}}]},
            "sources.pacs.dimse.tls.ca",
        ),
        (
            {"accept": {"commitment_peers": [PACS | {"tls": {"ca": "none.pem"}}]}},
            "accept.commitment_peers.PACS.tls.ca",
        ),
        (
            {"accept": {"stow": {"enabled": True, "certificate": "none.pem", "key": "none.pem"}}},
            "accept.stow.certificate",
        ),
        ({"sources": [{"name": "pacs", "dicomweb": {"qido_url": "https://pacs", "ca": "none.pem"}}]}, "ca"),
    ],
)
def test_certificate_of_ours_or_theirs_that_is_not_there_is_refused(
    settings: dict[str, Any], key: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"{re.escape(key)} \(?none\.pem"):
        check(Settings.model_validate(settings))


def test_character_set_of_a_sender_that_is_none_is_refused() -> None:
    peer = {"ae_title": "US1", "character_set": "KLINGON"}
    with pytest.raises(ConfigurationError, match=r"accept\.peers\.0\.character_set is 'KLINGON'"):
        check(Settings.model_validate({"accept": {"peers": [peer]}}))


def test_completeness_rule_that_counts_in_no_pacs_is_refused() -> None:
    rule = {"name": "count", "count": "pacs"}
    with pytest.raises(ConfigurationError, match=r"'count' has count = pacs"):
        check(Settings.model_validate({"assemble": {"completeness": [rule]}}))


@pytest.mark.parametrize("asked", ["PREREAD_URGENT", ["PREREAD", "PREREAD_URGENT"]])
def test_rule_for_an_ae_title_by_which_nobody_can_call_us_is_refused(asked: object) -> None:
    rule = {"name": "urgent", "called_ae_title": asked, "classifiers": ["us-mass"]}
    settings = Settings.model_validate({"rules": [rule]})
    with pytest.raises(ConfigurationError, match=r"PREREAD_URGENT, and ours are PREREAD: .*extra_ae_titles"):
        check(settings)


def test_rule_for_an_ae_title_of_ours_is_checked_no_further() -> None:
    rule = {"name": "urgent", "called_ae_title": "preread_urgent", "classifiers": ["none-such"]}
    accept = {"extra_ae_titles": ["PREREAD_URGENT"]}
    with pytest.raises(ConfigurationError, match="none-such"):
        check(Settings.model_validate({"rules": [rule], "accept": accept}))


def test_rule_that_asks_for_priors_of_no_pacs_is_refused() -> None:
    rule = {"name": "compare", "priors": {}, "classifiers": ["us-mass"]}
    with pytest.raises(
        ConfigurationError, match=r"'compare' asks for priors, and \[\[sources\]\] has no PACS"
    ):
        check(Settings.model_validate({"rules": [rule]}))


def test_priors_from_a_source_that_is_none_are_refused() -> None:
    source = {"name": "archive", "dimse": {"host": "127.0.0.1", "port": 104, "ae_title": "PACS"}}
    with pytest.raises(ConfigurationError, match="no source is called vna; sources are: archive"):
        check(Settings.model_validate({"sources": [source], "priors": {"source": "vna"}}))
