from pathlib import Path

import pytest

from service.config import Settings
from service.config.load import load_settings
from service.errors import ConfigurationError

GOOD = """
[accept]
ae_title = "READER"

[[destinations]]
name = "pacs"
host = "10.0.0.5"
port = 104
ae_title = "PACS"

[[rules]]
name = "breast-ultrasound"
when = { Modality = "US", BodyPartExamined = ["BREAST"], StationName = { matches = "US*" } }
classifiers = ["us-mass"]
destinations = ["pacs"]
"""


def load(tmp_path: Path, text: str, name: str = "preread.toml") -> Settings:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load_settings(tmp_path / name)


def test_defaults_hold_without_a_file() -> None:
    settings = load_settings()
    assert (settings.accept.port, settings.worklist.bind) == (11112, "127.0.0.1")
    assert settings.ledger_url.startswith("sqlite:///")


def test_toml_and_yaml_say_the_same(tmp_path: Path) -> None:
    from_toml = load(
        tmp_path, '[accept]\nport = 104\n[[destinations]]\nname = "p"\nhost = "h"\nport = 1\nae_title = "A"'
    )
    from_yaml = load(
        tmp_path, "accept: {port: 104}\ndestinations: [{name: p, host: h, port: 1, ae_title: A}]", "c.yaml"
    )
    assert from_toml == from_yaml


def test_rules_are_typed(tmp_path: Path) -> None:
    (rule,) = load(tmp_path, GOOD).rules
    assert rule.when["Modality"].equals == "US"
    assert rule.when["BodyPartExamined"].any_of == ("BREAST",)
    assert rule.when["StationName"].matches == "US*"


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREREAD_ACCEPT__AE_TITLE", "OTHER")
    settings = load(tmp_path, GOOD)
    assert (settings.accept.ae_title, settings.destinations[0].host) == ("OTHER", "10.0.0.5")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (('ae_title = "READER"', "prot = 104"), r"accept\.prot: unknown key 'prot' \(did you mean port\?\)"),
        (('ae_title = "READER"', "port = 70000"), r"accept\.port = 70000: .*65535"),
        (('ae_title = "READER"', 'ae_title = "A TITLE FAR TOO LONG"'), r"accept\.ae_title = 'A TITLE FAR"),
        (("port = 104", 'port = "dicom"'), r"destinations\.0\.port = 'dicom'"),
        (('destinations = ["pacs"]', 'destinations = ["x"]'), r"destination x.*destinations are: pacs"),
        (('classifiers = ["us-mass"]', ""), r"rules\.0\.classifiers: is required"),
        (('{ matches = "US*" }', '{ matches = "US*", equals = "US1" }'), r"give exactly one of equals"),
        (("[accept]", "[acept]"), r"acept: unknown key 'acept' \(did you mean accept\?\)"),
        (("[accept]", "accept"), r"not a readable configuration"),
    ],
)
def test_wrong_configuration_names_key_value_and_what_is_allowed(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        load(tmp_path, GOOD.replace(*change))


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, "[accept]\nprot = 1\n[send]\ndimse_timeout_s = -1")
    assert "accept.prot" in str(error.value)
    assert "send.dimse_timeout_s" in str(error.value)


def test_misspelt_environment_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREREAD_ACCEPT__PROT", "104")
    with pytest.raises(ConfigurationError, match="PREREAD_ACCEPT__PROT: unknown key 'prot'"):
        load_settings()


def test_missing_file_and_strange_suffix_are_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read"):
        load_settings(tmp_path / "none.toml")
    with pytest.raises(ConfigurationError, match="ends in"):
        load(tmp_path, "", "preread.ini")
