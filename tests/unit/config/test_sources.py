from pathlib import Path

import pytest

from service.config import Settings
from service.config.document import settings_page
from service.config.load import load_settings
from service.errors import ConfigurationError

DIMSE = '[[sources]]\nname = "pacs"\ndimse = { host = "10.0.0.5", port = 104, ae_title = "PACS" }\n'


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "preread.toml"
    path.write_text(text)
    return load_settings(path)


def test_source_by_dimse_uses_c_get_unless_told_otherwise(tmp_path: Path) -> None:
    (source,) = load(tmp_path, DIMSE).sources
    assert source.dimse is not None and source.dicomweb is None
    assert (source.dimse.retrieve, source.dimse.calling_ae_title) == ("c-get", None)


def test_source_by_dicomweb_checks_certificates_and_drops_the_last_slash(tmp_path: Path) -> None:
    text = '[[sources]]\nname = "web"\ndicomweb = { qido_url = "https://pacs/dicom-web/" }\n'
    (source,) = load(tmp_path, text).sources
    assert source.dicomweb is not None
    assert (source.dicomweb.qido_url, source.dicomweb.verify_tls) == ("https://pacs/dicom-web", True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[sources]]\nname = "pacs"\n', "give either dimse or dicomweb"),
        (DIMSE + 'dicomweb = { qido_url = "https://pacs/dicom-web" }\n', "give either dimse or dicomweb"),
        (DIMSE.replace("host", "hots"), "did you mean host?"),
        (DIMSE.replace("port = 104, ", ""), "sources.0.dimse.port: is required and not given"),
        (DIMSE.replace('"PACS"', '"PACS", retrieve = "c-store"'), "'c-get' or 'c-move'"),
        (DIMSE + DIMSE, "two sources are called pacs"),
        ('[[sources]]\nname = "web"\ndicomweb = { qido_url = "pacs:8042" }', "no base URL"),
        ('[[sources]]\nname = "web"\ndicomweb = { qido_url = "https://a:b@pacs" }', "holds no password"),
        (
            '[[sources]]\nname = "web"\ndicomweb = { qido_url = "http://pacs", bearer_token_file = "t" }',
            "in the clear",
        ),
    ],
)
def test_source_that_cannot_work_is_refused_with_what_to_change(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match="the configuration of") as refused:
        load(tmp_path, text)
    assert message in str(refused.value)


def test_settings_page_describes_both_kinds_of_source() -> None:
    page = settings_page()
    assert "## `sources[].dimse`\n" in page
    assert "`sources[].dicomweb.qido_url` | required" in page
