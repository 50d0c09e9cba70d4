from service.config import Rule
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.model import Priority
from service.study.state import AnalysisState, StudyState
from tests.unit.pipeline import US_TO_PACS, assemble, enqueue, messages, phantom, receive, study_of


def test_matching_study_is_queued_with_its_message_in_one_step(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)

    assert enqueue(ledger, store, US_TO_PACS) == 1

    study = study_of(ledger, uid)
    assert (study.state, study.priority) == (StudyState.QUEUED, Priority.URGENT)
    (body,) = messages(ledger, "inference.us-mass.urgent")
    assert (body["study_instance_uid"], body["classifier"]) == (uid, "us-mass")
    with ledger.read() as tx:
        (analysis,) = tx.analyses.of_study(uid, 1)
    assert (analysis.state, analysis.destinations) == (AnalysisState.QUEUED, ("pacs",))


def test_study_that_no_rule_matches_says_why(ledger: Ledger, store: MemoryStore) -> None:
    uid = receive(ledger, store, phantom())
    assemble(ledger, store)
    mammography = Rule.model_validate({"name": "mg", "when": {"Modality": "MG"}, "classifiers": ["x"]})

    enqueue(ledger, store, mammography)

    study = study_of(ledger, uid)
    assert study.state is StudyState.NOT_ANALYSED
    assert study.reason == "no rule matches: rule mg wants Modality = MG, this study has US"


def test_study_is_queued_once(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, phantom())
    assemble(ledger, store)

    assert [enqueue(ledger, store, US_TO_PACS), enqueue(ledger, store, US_TO_PACS)] == [1, 0]
    assert len(messages(ledger, "inference.us-mass.urgent")) == 1


def test_body_part_that_a_rule_assumes_travels_with_the_request(ledger: Ledger, store: MemoryStore) -> None:
    receive(ledger, store, phantom())
    assemble(ledger, store)

    enqueue(ledger, store, US_TO_PACS.model_copy(update={"assume_body_part": "BREAST"}))

    (body,) = messages(ledger, "inference.us-mass.urgent")
    assert body["assume_body_part"] == "BREAST"
