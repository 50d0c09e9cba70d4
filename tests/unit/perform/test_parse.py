import pytest
from pydicom.dataset import Dataset

from service.perform.parse import is_ready, workitem_of
from service.study.model import Priority
from service.study.workitem import Workitem, WorkitemCode, WorkitemInput
from tests.factories import STUDY, US_IMAGE
from tests.fakes.workitems import CODE, SERIES, attributes, code_item, input_item

STORABLE = {US_IMAGE}


def parsed(ds: Dataset) -> Workitem:
    found = workitem_of(ds, STORABLE)
    assert found is not None
    return found


def test_workitem_says_what_is_to_be_done_with_what() -> None:
    station = WorkitemCode("PREREAD", "99PREREAD", "Preread")
    ds = attributes(
        "1.9.1",
        input_item(STUDY, SERIES, "1.5", "1.6"),
        ScheduledProcedureStepPriority="HIGH",
        ScheduledStationNameCodeSequence=[code_item(station)],
    )
    found = parsed(ds)
    assert (found.uid, found.state, found.priority, found.fault) == (
        "1.9.1",
        "SCHEDULED",
        Priority.URGENT,
        "",
    )
    assert (found.code, found.stations) == (CODE, (station,))
    assert found.input == WorkitemInput(STUDY, (SERIES,), ("1.5", "1.6"), ("PACS",))
    assert Workitem.from_json(found.to_json()) == found


def test_references_that_we_do_not_store_are_no_input() -> None:
    report = input_item(STUDY, SERIES, "1.7", sop_class="1.2.840.10008.5.1.4.1.1.88.33")
    assert parsed(attributes("1.9.1", report)).input.sop_instance_uids == ()


def test_input_over_several_series_is_one_study() -> None:
    found = parsed(attributes("1.9.1", input_item(STUDY, "1.1", "1.5"), input_item(STUDY, "1.2", "1.6")))
    assert found.input.series_instance_uids == ("1.1", "1.2")
    assert found.input.ae_titles == ("PACS",)


def test_input_without_a_series_is_the_whole_study() -> None:
    whole = input_item()
    del whole.SeriesInstanceUID
    assert parsed(attributes("1.9.1", input_item(), whole)).input.series_instance_uids == ()


def test_study_of_the_workitem_itself_is_its_input_where_none_is_listed() -> None:
    assert parsed(attributes("1.9.1", StudyInstanceUID=STUDY)).input == WorkitemInput(STUDY)


def test_study_of_the_request_is_its_input_where_nothing_else_names_one() -> None:
    request, other = Dataset(), Dataset()
    request.StudyInstanceUID, other.StudyInstanceUID = STUDY, "1.3"
    assert parsed(attributes("1.9.1", ReferencedRequestSequence=[request])).input == WorkitemInput(STUDY)
    assert parsed(attributes("1.9.1", ReferencedRequestSequence=[request, other])).fault


def test_of_several_studies_the_one_that_is_named_counts() -> None:
    inputs = input_item("1.2", "1.2.1"), input_item("1.3", "1.3.1")
    assert parsed(attributes("1.9.1", *inputs, StudyInstanceUID="1.3")).input.series_instance_uids == (
        "1.3.1",
    )
    unclear = parsed(attributes("1.9.1", *inputs))
    assert "one study is analysed at a time" in unclear.fault
    assert unclear.input == WorkitemInput("")


def test_workitem_without_a_study_says_so() -> None:
    assert "names no study" in parsed(attributes("1.9.1")).fault


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_uid_that_would_be_a_path_is_refused() -> None:
    assert "PS3.5" in parsed(attributes("1.9.1", input_item(STUDY, "../../etc"))).fault
    assert workitem_of(attributes("..", input_item()), STORABLE) is None


def test_input_that_is_not_there_yet_is_not_ready() -> None:
    assert is_ready(attributes("1.9.1"))
    assert is_ready(Dataset())
    assert not is_ready(attributes("1.9.1", InputReadinessState="INCOMPLETE"))
