"""What the ledger promises about workitems, on every database."""

from datetime import timedelta

from service.storage.ledger.ledger import Ledger
from service.study.workitem import WorkitemInput, WorkitemState
from tests.contracts.opened import OnALedger
from tests.fakes.workitems import NOW, held


class WorkitemsContract(OnALedger):
    """Subclass with a fixture `ledger_url` that names an empty database."""

    def test_workitem_is_kept_as_it_was_found_and_once(self, ledger: Ledger) -> None:
        one = held(reason="found", claimed_at=NOW)
        with ledger.begin() as tx:
            assert tx.workitems.add(one)
            assert not tx.workitems.add(held(transaction_uid="1.8"))
        with ledger.read() as tx:
            assert tx.workitems.find(one.uid) == one
            assert tx.workitems.find("1.9.2") is None
            assert tx.workitems.known(["1.9.1", "1.9.2"]) == {"1.9.1"}

    def test_only_one_takes_what_is_due_and_only_until_a_moment(self, ledger: Ledger) -> None:
        until = NOW + timedelta(seconds=60)
        with ledger.begin() as tx:
            tx.workitems.add(held())
            tx.workitems.add(held("1.9.2", manager="other"))
            tx.workitems.add(held("1.9.3", state=WorkitemState.COMPLETED))
            taken = tx.workitems.take("ris", NOW, until)
            assert taken is not None
            assert (taken.uid, taken.due_at) == ("1.9.1", until)
            assert tx.workitems.take("ris", NOW, until) is None
            again = tx.workitems.take("ris", until, until + timedelta(seconds=60))
            assert again is not None

    def test_what_is_over_is_neither_taken_nor_counted(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            for number, state in enumerate(WorkitemState):
                tx.workitems.add(held(f"1.9.{number}", state=state))
            assert tx.workitems.count_open("ris") == 3
            tx.workitems.change("1.9.0", state=WorkitemState.LOST, ended_at=NOW, reason="gone")
            assert tx.workitems.count_open("ris") == 2
            lost = tx.workitems.find("1.9.0")
            assert lost is not None
            assert (lost.state, lost.ended_at, lost.reason) == (WorkitemState.LOST, NOW, "gone")
            assert len(tx.workitems.latest(10, only_open=True)) == 2
            assert len(tx.workitems.latest(4)) == 4

    def test_study_is_asked_for_by_what_was_ours_only(self, ledger: Ledger) -> None:
        with ledger.begin() as tx:
            for number, state in enumerate(WorkitemState):
                tx.workitems.add(held(f"1.9.{number}", state=state))
            tx.workitems.add(held("1.9.7", input=WorkitemInput("")))
            asked = tx.workitems.of_study(held().study_instance_uid)
            assert {one.state for one in asked} == {
                WorkitemState.FETCHING,
                WorkitemState.WORKING,
                WorkitemState.COMPLETED,
                WorkitemState.CANCELED,
            }
            assert tx.workitems.of_study("") == ()
