import pytest
from pydantic import ValidationError

from service.config import Settings, TracesSettings


def test_traces_are_off_unless_somebody_says_where_to() -> None:
    assert not Settings().traces.is_on
    assert TracesSettings(endpoint="http://127.0.0.1:4318/").endpoint == "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"endpoint": "collector:4318"}, "write it as https://collector"),
        ({"endpoint": "http://anna:s3cret@collector:4318"}, "name it in headers_file"),
        ({"endpoint": "http://collector:4318?key=s3cret"}, "is no address of a collector"),
        ({"endpoint": "http://collector:4318", "headers_file": "/etc/x"}, "in the clear over http"),
        ({"endpoint": "http://collector:4318", "sample_ratio": 1.1}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_meant_is_refused(values: dict[str, object], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        TracesSettings.model_validate(values)


@pytest.mark.parametrize("endpoint", ["https://collector:4318", "http://127.0.0.1:4318"])
def test_headers_may_go_where_nobody_listens_in(endpoint: str) -> None:
    assert TracesSettings.model_validate({"endpoint": endpoint, "headers_file": "/etc/x"}).is_on
