from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydicom.uid import UID

from service.config import ReportSettings
from service.report.objects import ReportObject
from service.report.uids import device_uid, series_uid, side_tracking_uid, tracking_uid, uid_for
from service.study.result import AnalysisResult
from tests.unit.report.builders import OTHER_IMAGE_UID, header, objects_of, result, score


def uids(found: AnalysisResult, settings: ReportSettings | None = None) -> set[str]:
    built: tuple[ReportObject, ...] = objects_of(
        found, header(), header(uid=OTHER_IMAGE_UID), settings=settings
    )
    return {one.sop_instance_uid for one in built}


def test_uid_is_valid_and_has_the_uuid_root() -> None:
    uid = uid_for(kind="test")

    assert UID(uid).is_valid
    assert uid.startswith("2.25.")


def test_uid_of_a_key_never_changes_between_releases() -> None:
    assert uid_for(kind="test") == "2.25.241492296240753040869808869362763216483"


def test_uid_does_not_depend_on_the_order_of_its_key() -> None:
    assert uid_for(a=1, b=2) == uid_for(b=2, a=1)
    assert uid_for(a=1, b=2) != uid_for(a=2, b=1)


@pytest.mark.parametrize("changes", [{"name": "other"}, {"version": "2"}, {"weights_sha256": "cd" * 32}])
def test_another_classifier_gets_other_series_and_tracking_uids(changes: dict[str, Any]) -> None:
    one = result(score())
    other = replace(one, classifier=replace(one.classifier, **changes))

    assert series_uid(one, "sr") != series_uid(other, "sr")
    assert tracking_uid(one, score()) != tracking_uid(other, score())


def test_series_and_tracking_uids_are_stable_when_a_run_gives_another_probability() -> None:
    one, again = result(score()), result(score(probability=0.8731))

    assert series_uid(one, "sr") == series_uid(again, "sr")
    assert tracking_uid(one, one.scores[0]) == tracking_uid(again, again.scores[0])


def test_tracking_uid_of_an_image_stays_when_another_image_joins_the_study() -> None:
    one, more = result(score()), result(score(), score(sop_instance_uid=OTHER_IMAGE_UID))

    assert tracking_uid(one, score()) == tracking_uid(more, score())
    assert side_tracking_uid(one, "L") == side_tracking_uid(more, "L") != side_tracking_uid(more, "R")
    assert series_uid(one, "sr") == series_uid(more, "sr")


@pytest.mark.parametrize(
    "changes",
    [{"probability": 0.9}, {"category": "5"}, {"laterality": "R"}, {"outline": ()}, {"positive": False}],
)
def test_instance_uid_changes_with_what_a_reader_sees(changes: dict[str, object]) -> None:
    assert len(uids(result(score())) - uids(result(score(**changes)))) >= 1


def test_heatmap_of_an_image_stays_the_same_object_when_another_image_joins_the_study() -> None:
    one, more = result(score()), result(score(), score(sop_instance_uid=OTHER_IMAGE_UID))

    assert len(uids(one) & uids(more)) == 1


def test_every_instance_uid_changes_with_the_qualification() -> None:
    product = ReportSettings(content_qualification="PRODUCT")

    assert uids(result(score())).isdisjoint(uids(result(score()), product))


def test_instance_uids_do_not_depend_on_the_time_of_the_run() -> None:
    one = result(score())

    assert uids(one) == uids(replace(one, finished_at=one.finished_at + timedelta(hours=1)))


def test_two_installations_are_two_devices() -> None:
    assert device_uid(ReportSettings()) != device_uid(ReportSettings(device_serial_number="2"))
