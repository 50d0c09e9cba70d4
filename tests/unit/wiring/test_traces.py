from pathlib import Path

import pytest

from service.config import Settings, TracesSettings
from service.errors import ConfigurationError
from service.telemetry.traces.tracing import TRACES
from service.wiring import traces
from service.wiring.traces import check_traces, traced

ON = Settings(traces=TracesSettings(endpoint="http://127.0.0.1:4318"))


def test_missing_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "_LIBRARIES", ("opentelemetry.sdk", "no_such_package.inside"))
    with pytest.raises(ConfigurationError, match=r"pip install 'preread\[traces\]'"):
        check_traces(ON)
    with pytest.raises(ConfigurationError, match=r"pip install 'preread\[traces\]'"), traced(ON, "infer"):
        pass
    check_traces(Settings())


def test_files_are_looked_at_before_a_role_starts(tmp_path: Path) -> None:
    gone = {"endpoint": "https://collector:4318", "headers_file": tmp_path / "gone"}
    with pytest.raises(ConfigurationError, match=r"traces\.headers_file .*gone cannot be read"):
        check_traces(Settings(traces=TracesSettings.model_validate(gone)))


def test_spans_are_made_while_a_role_runs_and_only_where_they_go_somewhere() -> None:
    with traced(ON, "infer"):
        assert TRACES.is_on
    with traced(Settings(), "infer"):
        assert not TRACES.is_on
