from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from service.study.model import Priority
from service.study.move import Move
from service.study.state import StudyEvent, StudyState
from service.telemetry.metrics.answers import Answers
from service.telemetry.metrics.definition import REGISTRY, Stage
from service.telemetry.metrics.scanners import SCANNERS
from service.telemetry.metrics.scraped import scraped
from service.telemetry.metrics.studies import count_moves

GAUGE = Stage("a test").define("preread_test_gauge", "gauge", "Of a test.", {"check": ("a",)})


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.fixture
def known_scanner() -> Iterator[str]:
    SCANNERS.know(["US1"])
    yield "US1"
    SCANNERS.know([])


def test_open_and_ended_senders_are_added_up(known_scanner: str) -> None:
    def kept() -> float:
        return value("preread_instances_total", scanner=known_scanner, status="success")

    before, bytes_before = kept(), value("preread_received_bytes_total", scanner=known_scanner)
    answered_before = value("preread_c_store_answer_seconds_bucket", le="0.005")
    first, second = Answers("US1"), Answers("US1")
    first.kept(10, 0.002)
    second.kept(20, 3.0)
    second.refused("OUT_OF_RESOURCES")
    assert kept() - before == 2
    first.ended()
    first.ended()
    assert kept() - before == 2
    second.ended()
    assert kept() - before == 2
    assert value("preread_received_bytes_total", scanner=known_scanner) - bytes_before == 30
    assert value("preread_c_store_answer_seconds_bucket", le="0.005") - answered_before == 1
    assert value("preread_instances_total", scanner=known_scanner, status="out_of_resources") >= 1


def test_titles_that_nobody_configured_share_a_series(known_scanner: str) -> None:
    before = value("preread_instances_total", scanner="other", status="success")
    for title in ("A STRANGER", "SMITH^ANNA"):
        answers = Answers(title)
        answers.kept(1, 0.1)
        answers.ended()
    assert value("preread_instances_total", scanner="other", status="success") - before == 2
    assert SCANNERS.labels == {"US1", "other"}


def test_moves_count_by_state_and_time(known_scanner: str) -> None:
    def delivered() -> float:
        return value("preread_study_moves_total", state="delivered", event="all_delivered")

    before = delivered()
    in_state = value("preread_study_state_seconds_sum", state="reported")
    result = value("preread_study_result_seconds_sum", priority="urgent")
    move = Move(
        datetime.now(UTC),
        StudyEvent.ALL_DELIVERED,
        StudyState.REPORTED,
        StudyState.DELIVERED,
        Priority.URGENT,
        in_state_s=4.0,
        since_last_image_s=60.0,
        study_instance_uid="1.2.840.1",
        revision_before=1,
        revision=1,
    )
    count_moves([move])
    assert delivered() - before == 1
    assert value("preread_study_state_seconds_sum", state="reported") - in_state == pytest.approx(4.0)
    assert value("preread_study_result_seconds_sum", priority="urgent") - result == pytest.approx(60.0)


def test_what_cannot_be_read_leaves_the_others() -> None:
    def fails() -> list[tuple[object, ...]]:
        raise OSError("gone")

    with scraped(fails), scraped(lambda: [(GAUGE, ("a",), 2.0)]):  # type: ignore[arg-type]
        assert value("preread_test_gauge", check="a") == 2.0
    assert value("preread_test_gauge", check="a") == 0.0
