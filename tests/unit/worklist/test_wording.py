from datetime import UTC, datetime, timedelta

import pytest

from service.storage.ledger.tables.deliveries import Proof
from service.study.state import AnalysisState, StudyState
from service.worklist import wording


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("Okafor^Grace^N", ["Okafor, Grace N"]),
        ("Müller^Anna", ["Müller, Anna"]),
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", ["Yamada, Tarou", "山田 太郎", "やまだ たろう"]),
        ("王^小东", ["王 小东"]),
        ("=王^小东", ["王 小东"]),
        ("Anonymous", ["Anonymous"]),
        ("^Grace", ["Grace"]),
        ("", []),
        ("^^^", []),
    ],
)
def test_person_names_are_written_as_their_script_writes_them(value: str, names: list[str]) -> None:
    assert wording.person_names(value) == names


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("20261121", "2026-11-21"),
        ("2026.11.21", "2026-11-21"),
        ("", ""),
        ("19", "19"),
        ("unknown", "unknown"),
    ],
)
def test_dates_are_shown_and_not_repaired(value: str, shown: str) -> None:
    assert wording.dicom_date(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("091530.000", "09:15"), ("0915", "09:15"), ("09:15:30", "09:15"), ("09", "09"), ("noon", "noon")],
)
def test_times_are_shown_and_not_repaired(value: str, shown: str) -> None:
    assert wording.dicom_time(value) == shown


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=12, seconds=5), "12 min ago"),
        (timedelta(hours=3, minutes=50), "3 h ago"),
        (timedelta(days=2, hours=5), "2 d ago"),
        (timedelta(minutes=-5), "just now"),
    ],
)
def test_age_is_told_in_its_largest_unit(passed: timedelta, shown: str) -> None:
    assert wording.ago(datetime.now(UTC) - passed) == shown


def test_every_state_and_proof_has_words() -> None:
    assert all(wording.state_label(state) for state in StudyState)
    assert all(wording.no_score_label(state).startswith("Not analysed") for state in StudyState)
    assert all(wording.proof_label(proof) for proof in Proof)


@pytest.mark.parametrize("state", [AnalysisState.QUEUED, AnalysisState.NOT_ANALYSED, AnalysisState.FAILED])
def test_missing_score_never_sounds_like_a_negative_one(state: AnalysisState) -> None:
    words = wording.no_score_label(state)
    assert words.startswith("Not analysed")
    assert "negative" not in words.lower()


def test_percent_has_one_decimal_as_on_the_objects() -> None:
    assert wording.percent(0.87349) == "87.3\u00a0%"
