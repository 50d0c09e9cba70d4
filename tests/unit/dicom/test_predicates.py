from typing import Any

import pytest

from service.config import Predicate, Rule
from service.dicom.predicates import holds, keywords, misses, values_of, wish
from service.study.model import InstanceHeader


def _rule(when: dict[str, Any]) -> Rule:
    return Rule.model_validate({"name": "any", "classifiers": ["us-mass"], "when": when})


@pytest.mark.parametrize(
    ("predicate", "values", "expected"),
    [
        ({"equals": "US"}, ("US",), True),
        ({"equals": " us "}, ("Us  ",), True),
        ({"equals": "Straße"}, ("STRASSE",), True),
        ({"equals": "US"}, ("CT", "US"), True),
        ({"equals": "US"}, ("USX",), False),
        ({"equals": "US"}, (), False),
        ({"any_of": ["US", "MG"]}, ("mg",), True),
        ({"any_of": ["US", "MG"]}, ("CT",), False),
        ({"any_of": []}, ("CT",), False),
        ({"matches": "*breast*"}, ("US BREAST left",), True),
        ({"matches": "mamm?"}, ("MAMMO",), True),
        ({"matches": "mamm?"}, ("MAMM",), False),
        ({"matches": "a[b]"}, ("A[B]",), True),
        ({"matches": "a[b]"}, ("ab",), False),
        ({"matches": "breast"}, ("left breast",), False),
        ({"matches": "a*b"}, ("a\nb",), True),
        ({"none_of": ["CT"]}, ("US",), True),
        ({"none_of": ["CT"]}, (), True),
        ({"none_of": ["CT"]}, ("US", " ct"), False),
        ({"at_least": 40}, ("39", "40"), True),
        ({"at_least": 40}, ("39.9",), False),
        ({"at_least": 40}, ("forty",), False),
        ({"at_most": 2.5}, (" 2.50 ",), True),
        ({"at_most": 2.5}, ("nan",), False),
        ({"at_most": 2.5}, (), False),
        ({"present": True}, ("x",), True),
        ({"present": True}, ("  ",), False),
        ({"present": False}, (), True),
        ({"present": False}, ("x",), False),
    ],
)
def test_predicate_holds_on_the_values_it_describes(
    predicate: dict[str, Any], values: tuple[str, ...], expected: bool
) -> None:
    assert holds(Predicate.model_validate(predicate), values) is expected


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        ({"equals": "US"}, "Modality = US"),
        ({"any_of": ["US", "MG"]}, "Modality one of US, MG"),
        ({"matches": "U*"}, "Modality like U*"),
        ({"none_of": ["CT", "MR"]}, "Modality none of CT, MR"),
        ({"at_least": 40}, "Modality at least 40"),
        ({"at_most": 2.5}, "Modality at most 2.5"),
        ({"present": True}, "Modality present"),
        ({"present": False}, "Modality absent"),
    ],
)
def test_predicate_reads_as_a_person_would_write_it(predicate: dict[str, Any], expected: str) -> None:
    assert wish("Modality", Predicate.model_validate(predicate)) == expected


def test_every_key_that_a_predicate_may_have_is_understood() -> None:
    one_of_each: dict[str, Any] = {"equals": "a", "any_of": ["a"], "matches": "a", "none_of": ["b"]}
    one_of_each |= {"at_least": 1, "at_most": 1, "present": True}
    assert one_of_each.keys() == Predicate.model_fields.keys()
    for key, value in one_of_each.items():
        assert holds(Predicate.model_validate({key: value}), ("a", "1"))


def test_keywords_are_those_the_rules_look_at_each_once() -> None:
    whens = [_rule({"Modality": "US", "Rows": {"at_least": 64}}).when, _rule({"Modality": "MG"}).when]
    assert keywords(whens) == ("Modality", "Rows")


def test_instance_misses_each_predicate_that_does_not_hold_on_it() -> None:
    when = _rule({"Modality": "US", "Rows": {"at_least": 64}, "BodyPartExamined": {"present": True}}).when
    instance = InstanceHeader("1.1", {"Modality": (" us ",), "Rows": ("32",), "BodyPartExamined": (" ",)})
    assert misses(when, instance) == 2
    assert misses({}, instance) == 0


def test_values_have_no_outer_blanks_and_blank_ones_are_left_out() -> None:
    instance = InstanceHeader("1.1", {"Modality": (" us ", " ")})
    assert values_of(instance, "Modality") == ("us",)
    assert values_of(instance, "Rows") == ()
