from pathlib import Path
from typing import Any

import pytest

from service.errors import ConfigurationError
from tests.unit.storage.s3.requests import Recorder


def test_credentials_come_from_the_file_and_are_read_for_each_request(credentials: dict[str, Any]) -> None:
    recorder = Recorder(**credentials)
    recorder.bucket.put("a", b"")
    Path(credentials["credentials_file"]).write_text("others\nsecret\n")
    recorder.bucket.put("a", b"")
    one, two = (headers["authorization"] for headers in recorder.headers)
    assert "Credential=ours/" in one
    assert "Credential=others/" in two


@pytest.mark.parametrize("content", ["", "only the id\n", "id\nsecret\ntoken\n", b"\xff\xfe"])
def test_file_without_both_keys_is_refused(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError, match=r"store\.credentials_file") as raised:
        Recorder(credentials_file=str(file))
    assert "only the id" not in str(raised.value)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*none: No such file"):
        Recorder(credentials_file=str(tmp_path / "none"))


def test_certificates_that_are_not_there_are_named(credentials: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"store\.ca: there is no file /none\.pem"):
        Recorder(ca="/none.pem", **credentials)
