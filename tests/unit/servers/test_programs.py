import pytest

from tests.servers.programs import require


def test_a_missing_program_skips_the_test_and_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="Debian package nowhere"):
        require("no-such-program", "nowhere")


def test_a_missing_program_fails_the_test_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="no-such-program"):
        require("no-such-program", "nowhere")


def test_a_program_is_looked_for_outside_the_virtual_environment() -> None:
    assert str(require("sh", "dash")).startswith(("/usr/", "/bin/"))
