from datetime import UTC, datetime
from pathlib import Path

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_all
from service.wiring.ledger_metrics import LedgerMetrics
from tests.factories import received


def told(metrics: LedgerMetrics) -> dict[tuple[str, tuple[str, ...]], float]:
    return {(definition.name, labels): value for definition, labels, value in metrics.values()}


def test_figures_are_told_with_bounded_labels(ledger: Ledger) -> None:
    for title in ("US1", "SOMEBODY"):
        record_all(
            ledger,
            [received(calling_ae_title=title, study_instance_uid=f"1.{len(title)}")],
            datetime.now(UTC),
        )
    with ledger.begin() as tx:
        tx.notices.put("accept@host/space", "full", datetime.now(UTC))
        tx.notices.put("accept@host/unheard of", "strange", datetime.now(UTC))
    found = told(LedgerMetrics(ledger, ["US1"], ["pacs"], every_s=10.0))
    assert found["preread_ledger_up", ()] == 1
    assert found["preread_studies", ("received",)] == 2
    assert found["preread_deliveries", ("pacs", "waiting")] == 0
    assert found["preread_notices", ("space",)] == 1
    assert found["preread_notices", ("other",)] == 1
    assert {labels for name, labels in found if name.startswith("preread_scanner")} == {("US1",), ("other",)}


def test_figures_are_read_again_after_a_while_only(ledger: Ledger) -> None:
    now = [0.0]
    metrics = LedgerMetrics(ledger, [], [], every_s=10.0, clock=lambda: now[0])
    assert told(metrics)["preread_studies", ("received",)] == 0
    record_all(ledger, [received()], datetime.now(UTC))
    now[0] = 9.0
    assert told(metrics)["preread_studies", ("received",)] == 0
    now[0] = 10.0
    assert told(metrics)["preread_studies", ("received",)] == 1


def test_ledger_that_is_away_is_told_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    ledger = Ledger(f"sqlite:///{tmp_path / 'folder'}")
    assert told(LedgerMetrics(ledger, [], [], every_s=10.0)) == {("preread_ledger_up", ()): 0.0}
    ledger.close()
