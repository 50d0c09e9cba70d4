from service.enqueue.enqueuer import Enqueuer
from service.enqueue.priors_gate import PriorPolicy, PriorsGate
from service.enqueue.routing import Route
from service.enqueue.workitems import with_workitems
from service.storage.ledger.ledger import Ledger
from service.storage.ledger.steps.receive import record_received
from service.study.model import Priority
from service.study.state import StudyEvent, StudyState
from service.study.workitem import Workitem, WorkitemInput, WorkitemState
from tests.factories import STUDY, received
from tests.fakes.workitems import CODE, SERIES, held

BY_RULES = Route(classifiers={"us-mass": ("viewer",)}, rules=("us",), shadows=("other",))


def asks(**values: object) -> Workitem:
    what = WorkitemInput(STUDY, (SERIES,))
    return Workitem("1.9.1", "IN PROGRESS", CODE, what, **values)  # type: ignore[arg-type]


def test_study_without_workitems_goes_where_the_rules_say() -> None:
    assert with_workitems(BY_RULES, ()) is BY_RULES


def test_workitem_adds_its_classifiers_and_destinations() -> None:
    found = with_workitems(BY_RULES, [held(classifiers=("us-mass", "other"))])
    assert found.classifiers == {"us-mass": ("viewer", "pacs"), "other": ("pacs",)}
    assert (found.shadows, found.asked_by) == ((), "rule us and a workitem of ris")


def test_classifier_that_workitems_alone_ask_for_reads_their_series() -> None:
    one, other = held(), held("1.9.2", input=WorkitemInput(STUDY, ("1.8",)))
    assert with_workitems(Route(), [one]).series == {"us-mass": (SERIES,)}
    assert with_workitems(Route(), [one, other]).series == {"us-mass": (SERIES, "1.8")}
    whole = held("1.9.3", input=WorkitemInput(STUDY))
    assert with_workitems(Route(), [one, whole]).series == {}
    assert with_workitems(Route(), [whole, one]).series == {}
    assert with_workitems(BY_RULES, [one]).series == {}


def test_urgent_workitem_makes_the_study_urgent() -> None:
    assert with_workitems(Route(), [held()]).priority is Priority.ROUTINE
    assert (
        with_workitems(Route(), [held(workitem=asks(priority=Priority.URGENT))]).priority is Priority.URGENT
    )


def test_study_that_no_rule_wants_is_queued_for_its_workitem(ledger: Ledger) -> None:
    record_received(ledger, received())
    with ledger.begin() as tx:
        tx.workitems.add(held(state=WorkitemState.FETCHING))
        tx.studies.move(STUDY, StudyEvent.STUDY_COMPLETE, "")
    assert Enqueuer(ledger, (), lambda instance: None).enqueue_assembled() == 1
    with ledger.read() as tx:
        study = tx.studies.find(STUDY)
        (analysis,) = tx.analyses.of_study(STUDY, 1)
    assert study is not None
    assert (study.state, study.reason) == (StudyState.QUEUED, "waiting for us-mass (a workitem of ris)")
    assert (analysis.destinations, analysis.series_instance_uids) == (("pacs",), (SERIES,))


def test_prior_that_a_workitem_asks_for_is_analysed(ledger: Ledger) -> None:
    record_received(ledger, received(calling_ae_title="PACS"))
    with ledger.begin() as tx:
        tx.priors.mark(STUDY, "1.2.3")
        tx.workitems.add(held())
        tx.studies.move(STUDY, StudyEvent.STUDY_COMPLETE, "")
    gate = PriorsGate(ledger, PriorPolicy(brought_by={"PACS"}))
    Enqueuer(ledger, (), lambda instance: None, gate).enqueue_assembled()
    with ledger.read() as tx:
        study = tx.studies.find(STUDY)
    assert study is not None
    assert study.state is StudyState.QUEUED
