import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.store.filesystem import FilesystemStore
from tests.unit.cli.conftest import Run
from tests.unit.enqueue.test_shadow import queued, read

PROMOTE = ("shadow", "promote", "us-next", "us-mass")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path / 'data' / 'ledger.sqlite3'}")
    ledger.upgrade()
    yield ledger
    ledger.close()


@pytest.fixture
def both_read(ledger: Ledger, tmp_path: Path, configuration: Path) -> None:
    """One study, and a rule that has us-next in the shadow of us-mass."""
    store = FilesystemStore(tmp_path / "s")
    uid = queued(ledger, store)
    for classifier in ("us-mass", "us-next"):
        read(ledger, store, uid, classifier)
    text = configuration.read_text().replace(
        "classifiers: [us-mass]", "classifiers: [us-mass]\n    shadow: [us-next]"
    )
    configuration.write_text(text)


@pytest.mark.usefixtures("ledger")
def test_without_a_study_that_both_have_read_it_says_what_to_do(run: Run) -> None:
    assert "name it in rules[].shadow" in str(run("shadow", "report", "us-next", "us-mass").exception)


@pytest.mark.usefixtures("both_read")
def test_the_report_shows_it(run: Run) -> None:
    shown = run("shadow", "report", "us-next", "us-mass")
    assert shown.exit_code == 0, shown.output
    assert "20.0 percentage points" in shown.output
    assert json.loads(run("shadow", "report", "us-next", "us-mass", "--json").output)["studies"] == 1


@pytest.mark.usefixtures("both_read")
def test_promotion_is_entered_with_what_was_seen(run: Run) -> None:
    assert "fewer than 50" in str(run(*PROMOTE, "--yes").exception)
    assert run(*PROMOTE, "--at-least", "1").exit_code == 1  # nobody said yes

    done = run(*PROMOTE, "--at-least", "1", "--yes")

    assert done.exit_code == 0, done.output
    assert "in breast-ultrasound: from the next study on" in done.output
    (entry,) = json.loads(run("shadow", "log", "--json").output)
    assert (entry["promoted"], entry["demoted"], entry["report"]["both_scored"]) == ("us-next", "us-mass", 1)
    assert "us-next" in run("shadow", "log").output


@pytest.mark.usefixtures("both_read")
def test_promoted_twice_there_is_no_rule_left(run: Run) -> None:
    run(*PROMOTE, "--at-least", "1", "--yes")
    assert "no rule has us-next in the shadow of us-mass" in str(
        run(*PROMOTE, "--at-least", "1", "--yes").exception
    )
