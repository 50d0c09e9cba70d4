import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.errors import ConfigurationError, PeerUnavailable
from tests.fakes.datasets import EXPLICIT_VR_LE, US_IMAGE, us_dataset
from tests.servers.process import free_port
from tests.unit.cli.conftest import Run
from tests.unit.fetch.archive import Archive, running
from tests.unit.fetch.test_dimse import image
from tests.unit.send.pacs import Pacs, running_pacs

# pynetdicom leaves a socket that never connected to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed <socket:ResourceWarning",
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture(autouse=True)
def library_log() -> Iterator[None]:
    """The command silences the library for its whole process."""
    library = logging.getLogger("pynetdicom")
    level = library.level
    yield
    library.setLevel(level)


@pytest.fixture
def pacs() -> Iterator[Archive]:
    with running(Archive([image(), image()])) as archive:
        yield archive


@pytest.fixture
def ours() -> Iterator[Pacs]:
    """What listens where Preread would."""
    with running_pacs({US_IMAGE: [EXPLICIT_VR_LE]}) as ours:
        yield ours


def configure(path: Path, pacs_port: int, our_port: int, **accept: object) -> None:
    dimse = {"host": "127.0.0.1", "port": pacs_port, "ae_title": "ARCHIVE"}
    settings = {
        "data_folder": str(path.parent / "data"),
        "accept": {"bind": "127.0.0.1", "port": our_port, "ae_title": "ARCHIVE"} | accept,
        "sources": [{"name": "pacs", "dimse": dimse}],
    }
    (path.parent / "data").mkdir(exist_ok=True)
    path.write_text(json.dumps(settings))


def test_study_is_fetched_and_handed_on_to_our_own_scp(
    run: Run, configuration: Path, pacs: Archive, ours: Pacs
) -> None:
    configure(configuration, pacs.port, ours.destination.port)
    result = run("fetch", "--study", "1.2.3")
    assert result.exit_code == 0, result.output
    assert "2 of 2 instances of study 1.2.3 received" in result.output
    assert {one.SOPInstanceUID for one in ours.datasets} == {one.SOPInstanceUID for one in pacs.images}


def test_incomplete_study_ends_with_1_and_says_why(run: Run, configuration: Path, pacs: Archive) -> None:
    with running_pacs({US_IMAGE: [EXPLICIT_VR_LE]}, lambda _event: 0xA700) as full:
        configure(configuration, pacs.port, full.destination.port)
        result = run("fetch", "--study", "1.2.3")
    assert result.exit_code == 1
    assert "0 of 2 instances of study 1.2.3 received; 2 refused: Preread is out of space" in result.output


def test_json_says_what_became_of_each_study(
    run: Run, configuration: Path, pacs: Archive, ours: Pacs
) -> None:
    configure(configuration, pacs.port, ours.destination.port)
    (outcome,) = json.loads(run("fetch", "--accession", "A1", "--json").output)
    assert (outcome["study_instance_uid"], outcome["complete"], outcome["received"]) == ("1.2.3", True, 2)


def test_list_shows_studies_without_names_and_fetches_nothing(
    run: Run, configuration: Path, pacs: Archive, ours: Pacs
) -> None:
    configure(configuration, pacs.port, ours.destination.port)
    result = run("fetch", "--patient-id", "PATIENT-4711", "--list")
    assert "1.2.3" in result.output and "Doe" not in result.output
    assert (result.exit_code, ours.datasets) == (0, [])


def test_several_matches_are_refused_without_all(run: Run, configuration: Path, pacs: Archive) -> None:
    other = us_dataset(AccessionNumber="A1", StudyInstanceUID="1.2.4")
    pacs.images.append(other)
    configure(configuration, pacs.port, free_port())
    result = run("fetch", "--accession", "A1")
    assert isinstance(result.exception, ConfigurationError)
    assert "--all" in str(result.exception)


def test_study_that_is_not_there_ends_with_1(run: Run, configuration: Path, pacs: Archive) -> None:
    configure(configuration, pacs.port, free_port())
    result = run("fetch", "--accession", "A2")
    assert (result.exit_code, "has no such study" in result.stderr) == (1, True)


def test_pacs_that_is_away_is_an_error_that_says_what_to_check(run: Run, configuration: Path) -> None:
    configure(configuration, free_port(), free_port())
    result = run("fetch", "--study", "1.2.3")
    assert isinstance(result.exception, PeerUnavailable)
    assert "check host and port" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say which study"),
        (["--study", "1.2", "--accession", "A1"], "one of them only"),
        (["--study", "1.2", "--from", "20200101"], "go with --patient-id"),
        (["--accession", "A*"], "wildcards"),
        (["--study", "1.2", "--source", "tape"], "no source is called tape; sources are: pacs"),
    ],
)
def test_request_that_is_not_clear_is_refused(
    run: Run, configuration: Path, arguments: list[str], message: str
) -> None:
    configure(configuration, free_port(), free_port())
    result = run("fetch", *arguments)
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)


def test_configuration_without_a_source_says_what_to_add(run: Run) -> None:
    result = run("fetch", "--study", "1.2.3")
    assert isinstance(result.exception, ConfigurationError)
    assert "add [[sources]]" in str(result.exception)


def test_closed_port_of_ours_is_told_before_anything_is_fetched(run: Run, configuration: Path) -> None:
    tls = {"certificate": "c.pem", "key": "k.pem", "client_certificates": "off", "only": True}
    configure(configuration, free_port(), free_port(), tls=tls)
    result = run("fetch", "--study", "1.2.3")
    assert isinstance(result.exception, ConfigurationError)
    assert "accept.tls.only" in str(result.exception)
