from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from service.errors import LedgerUnavailable
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions import examine
from service.wiring.adapters import open_ledger
from service.wiring.doctor import database
from service.wiring.doctor.broker import look_at_broker, look_at_waiting_work
from service.wiring.doctor.database import look_at_database
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, phantom, receive
from tests.unit.wiring.doctor.told import check_words, only, outcomes, settings_in


def test_ledger_that_nobody_has_made_is_not_made(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    assert outcomes(look_at_database(settings)) == {"ledger": ["skipped"]}
    assert outcomes(look_at_waiting_work(settings)) == {"workers": ["skipped"]}
    assert not (tmp_path / "data").exists()


def test_ledger_of_this_version_is_fine_and_stays_as_it_is(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with closing(open_ledger(settings)) as ledger:
        found = check_words(look_at_database(settings))
        with ledger.read() as tx:
            assert tx.notices.all() == ()
    assert outcomes(found)["ledger"] == outcomes(found)["tables"] == ["ok"]
    (commit,) = [one for one in found if one.about == "commits"]
    assert "a small commit takes" in commit.seen


def test_slow_commits_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_in(tmp_path)
    open_ledger(settings).close()
    monkeypatch.setattr(database, "commit_s", lambda _ledger: 0.3)
    found = check_words(look_at_database(settings))
    assert outcomes(found)["commits"] == ["warning"]


@pytest.mark.parametrize(
    ("revision", "words"), [("0009", "of an older version"), ("9999", "of a newer version")]
)
def test_other_version_of_the_tables_is_told(tmp_path: Path, revision: str, words: str) -> None:
    settings = settings_in(tmp_path)
    with closing(open_ledger(settings)) as ledger, ledger.begin() as tx:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = :one"), {"one": revision})
    found = check_words(look_at_database(settings))
    assert outcomes(found) == {"ledger": ["ok"], "tables": ["warning"]}
    assert words in found[1].seen


def test_database_without_tables_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with closing(Ledger(settings.ledger_url)) as ledger:
        ledger.check()
    assert outcomes(check_words(look_at_database(settings))) == {"ledger": ["ok"], "tables": ["warning"]}


def test_database_that_is_away_is_told(tmp_path: Path) -> None:
    settings = settings_in(
        tmp_path, ledger={"url": "postgresql+psycopg://preread:secret-of-tests@127.0.0.1:1/preread"}
    )
    with pytest.raises(LedgerUnavailable) as caught:
        list(look_at_database(settings))
    assert "secret-of-tests" not in str(caught.value)


@pytest.mark.parametrize(("ahead_s", "outcome"), [(0.01, "ok"), (-2.5, "warning"), (200.0, "failed")])
def test_clocks_that_are_apart_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_s: float, outcome: str
) -> None:
    settings = settings_in(tmp_path)
    open_ledger(settings).close()
    monkeypatch.setattr(database, "ahead_s", lambda _connection: ahead_s)
    found = check_words(look_at_database(settings))
    assert outcomes(found)["clock"] == [outcome]


def test_the_database_s_clock_is_compared_with_the_middle_of_the_question() -> None:
    class Answer:
        def scalar_one(self) -> datetime:
            return datetime.now(UTC) + timedelta(seconds=7)

    class Connection:
        class dialect:  # noqa: N801 - as SQLAlchemy calls it
            name = "postgresql"

        def execute(self, _statement: Any) -> Answer:
            return Answer()

    assert examine.ahead_s(Connection()) == pytest.approx(7, abs=0.5)  # type: ignore[arg-type]


def test_work_that_nobody_takes_is_told(tmp_path: Path, store: Any) -> None:
    settings = settings_in(tmp_path)
    with closing(open_ledger(settings)) as ledger:
        receive(ledger, store, phantom()[:1])
        assemble(ledger, store)
        enqueue(ledger, store, US_TO_PACS)
        assert only(look_at_waiting_work(settings)).outcome == "ok"
        late = settings_in(tmp_path, assemble={"alarm_after_s": 1e-6})
        found = only(check_words(look_at_waiting_work(late)))
    assert (found.about, found.outcome) == ("work for us-mass", "warning")


def test_embedded_broker_is_no_server(tmp_path: Path) -> None:
    assert only(look_at_broker(settings_in(tmp_path))).outcome == "skipped"
