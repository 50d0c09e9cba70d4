from pathlib import Path
from typing import Any

import pytest

from service.config import Settings
from service.errors import ConfigurationError
from service.perform.outputs import Place
from service.storage.ledger.ledger import Ledger
from service.study.workitem import WorkitemInput
from service.wiring.adapters import classifier_names
from service.wiring.check import check
from service.wiring.perform import SourceInputs, performers

TASK = {"code": "US-MASS", "scheme": "99LOCAL", "classifiers": ["us-mass"], "destinations": ["pacs"]}
MANAGER = {"name": "ris", "url": "http://127.0.0.1:1/rs", "tasks": [TASK], "source": "web"}
SOURCES = [
    {"name": "dimse", "dimse": {"host": "127.0.0.1", "port": 1, "ae_title": "ARCHIVE"}},
    {"name": "web", "dicomweb": {"qido_url": "http://127.0.0.1:1/rs"}},
    {
        "name": "other",
        "dicomweb": {"qido_url": "http://127.0.0.1:1/qido", "wado_url": "http://127.0.0.1:1/wado"},
    },
]
DESTINATIONS = [
    {"name": "pacs", "host": "127.0.0.1", "ae_title": "PACS"},
    {"name": "stow", "stow": {"url": "http://127.0.0.1:1/stow"}},
    {"name": "ris", "hl7": {"host": "127.0.0.1"}},
]


def settings(folder: Path, **manager: Any) -> Settings:
    return Settings.model_validate(
        {
            "data_folder": folder,
            "task_managers": [MANAGER | manager],
            "sources": SOURCES,
            "destinations": DESTINATIONS,
        }
    )


@pytest.mark.parametrize(
    ("what", "source"),
    [
        (WorkitemInput("1.2", ae_titles=("ELSEWHERE", "ARCHIVE")), "dimse"),
        (WorkitemInput("1.2", urls=("http://127.0.0.1:1/wado/studies/1.2/series/1.3",)), "other"),
        (WorkitemInput("1.2", urls=("http://127.0.0.1:1/wado-of-somebody-else/studies/1.2",)), "web"),
        (WorkitemInput("1.2", ae_titles=("ELSEWHERE",), urls=("http://elsewhere/rs/studies/1.2",)), "web"),
        (WorkitemInput("1.2"), "web"),
    ],
)
def test_input_comes_from_the_source_that_the_workitem_names(
    tmp_path: Path, ledger: Ledger, what: WorkitemInput, source: str
) -> None:
    chosen = settings(tmp_path)
    assert SourceInputs(chosen, chosen.task_managers[0], ledger).source_of(what).name == source


def test_source_that_is_away_is_a_reason_and_no_error(tmp_path: Path, ledger: Ledger) -> None:
    chosen = settings(tmp_path)
    inputs = SourceInputs(chosen, chosen.task_managers[0], ledger)
    assert "cannot be reached" in inputs.fetch(WorkitemInput("1.2"), lambda done, total: None)


def test_results_are_at_the_places_that_are_a_pacs(tmp_path: Path, ledger: Ledger) -> None:
    (performer,) = performers(settings(tmp_path), ledger).values()
    assert performer._desk.places == {
        "pacs": Place(ae_title="PACS"),
        "stow": Place(url="http://127.0.0.1:1/stow"),
    }


def test_workers_run_what_tasks_name(tmp_path: Path) -> None:
    assert classifier_names(settings(tmp_path)) == ["us-mass"]
    unknown = TASK | {"classifiers": ["none-such"]}
    with pytest.raises(ConfigurationError, match="none-such"):
        check(settings(tmp_path, tasks=[unknown]))


def test_certificates_that_cannot_be_read_are_told_at_the_start(tmp_path: Path) -> None:
    check(settings(tmp_path))
    with pytest.raises(ConfigurationError, match="ca "):
        check(settings(tmp_path, ca=tmp_path / "none.pem"))
