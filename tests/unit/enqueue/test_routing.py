from typing import Any

import pytest

from service.config import Rule
from service.enqueue.routing import Route, explain, route
from service.study.model import InstanceHeader, Priority


def rule(name: str = "us-breast", **values: Any) -> Rule:
    return Rule.model_validate({"name": name, "classifiers": ["us-mass"], **values})


def instance(uid: str = "1.1", **attributes: str | tuple[str, ...]) -> InstanceHeader:
    return InstanceHeader(
        uid, {key: (value,) if isinstance(value, str) else value for key, value in attributes.items()}
    )


def test_rule_matches_only_when_all_predicates_hold_on_one_instance() -> None:
    wanted = rule(when={"Modality": "US", "BodyPartExamined": "BREAST"})
    apart = [instance("1.1", Modality="US"), instance("1.2", Modality="CT", BodyPartExamined="BREAST")]
    together = [*apart, instance("1.3", Modality="US", BodyPartExamined="breast")]
    assert route(apart, [wanted]) == Route()
    assert route(together, [wanted]).rules == ("us-breast",)


def test_all_matching_rules_count_and_their_destinations_are_united_in_order() -> None:
    rules = [
        rule("first", classifiers=["us-mass", "density"], destinations=["pacs"]),
        rule("other", when={"Modality": "CT"}, classifiers=["lung"], destinations=["pacs"]),
        rule("second", classifiers=["density"], destinations=["research", "pacs"]),
    ]
    found = route([instance(Modality="US")], rules)
    assert found.classifiers == {"us-mass": ("pacs",), "density": ("pacs", "research")}
    assert list(found.classifiers) == ["us-mass", "density"]
    assert found.rules == ("first", "second")


@pytest.mark.parametrize(
    ("modality", "expected"), [("US", Priority.URGENT), ("CT", Priority.ROUTINE), ("MR", Priority.ROUTINE)]
)
def test_study_is_urgent_when_any_matching_rule_is(modality: str, expected: Priority) -> None:
    rules = [
        rule("all", when={"Modality": ["US", "CT"]}),
        rule("fast", when={"Modality": "US"}, priority="urgent"),
    ]
    assert route([instance(Modality=modality)], rules).priority is expected


def test_rule_without_predicates_matches_every_study() -> None:
    assert route([instance()], [rule()]).rules == ("us-breast",)


def test_path_through_a_sequence_is_a_key_like_any_other() -> None:
    path = "RequestAttributesSequence.RequestedProcedureDescription"
    header = InstanceHeader("1.1", {path: ("Mammography screening",)})
    assert route([header], [rule(when={path: {"matches": "mammo*"}})]).rules == ("us-breast",)


@pytest.mark.parametrize(
    ("rules", "instances", "reason"),
    [
        (
            [rule(when={"Modality": "US"})],
            [instance(Modality="CT")],
            "no rule matches: rule us-breast wants Modality = US, this study has CT",
        ),
        (
            [rule(when={"Modality": "US"})],
            [instance(Modality=" ")],
            "no rule matches: rule us-breast wants Modality = US, this study has no Modality",
        ),
        (
            [rule(when={"Modality": "US", "Rows": {"at_least": 64}})],
            [instance(Modality="CT", Rows="32")],
            "no rule matches: rule us-breast wants Modality = US, this study has CT "
            "and Rows at least 64, this study has 32",
        ),
        (
            [rule(when={"Modality": "US", "BodyPartExamined": "BREAST"})],
            [instance("1.1", Modality="US"), instance("1.2", BodyPartExamined="BREAST")],
            "no rule matches: rule us-breast wants BodyPartExamined = BREAST on the same image, "
            "which has no BodyPartExamined",
        ),
        (
            [rule("a", when={"Modality": "US"}), rule("b", when={"Modality": "MG"})],
            [instance(Modality="CT")],
            "no rule matches: rule a wants Modality = US, this study has CT; "
            "rule b wants Modality = MG, this study has CT",
        ),
        ([], [instance(Modality="CT")], "no rule matches: no rules are configured"),
        ([rule()], [], "no rule matches: the study has no readable instance"),
        ([rule()], [instance()], "matched by rule us-breast"),
    ],
)
def test_reason_tells_a_person_what_was_wanted_and_what_is_there(
    rules: list[Rule], instances: list[InstanceHeader], reason: str
) -> None:
    assert explain(instances, rules).reason == reason


def test_explanation_shows_each_predicate_on_the_instance_that_comes_closest() -> None:
    wanted = rule(when={"Modality": "US", "BodyPartExamined": "BREAST", "Rows": {"at_least": 64}})
    far = instance("1.1", Modality="CT", Rows="512")
    close = instance("1.2", Modality="US", BodyPartExamined="BREAST", Rows="32")
    (outcome,) = explain([far, close], [wanted]).rules
    assert (outcome.rule, outcome.matched, outcome.sop_instance_uid) == ("us-breast", False, "1.2")
    assert [(p.keyword, p.values, p.holds, p.holds_elsewhere) for p in outcome.predicates] == [
        ("Modality", ("US",), True, False),
        ("BodyPartExamined", ("BREAST",), True, False),
        ("Rows", ("32",), False, True),
    ]


def test_explanation_agrees_with_the_route() -> None:
    rules = [rule("us", when={"Modality": "US"}), rule("mg", when={"Modality": "MG"})]
    instances = [instance("1.1", Modality="MG"), instance("1.2", Modality="SR")]
    matched = tuple(outcome.rule for outcome in explain(instances, rules).rules if outcome.matched)
    assert matched == route(instances, rules).rules == ("mg",)


def called(title: str, uid: str = "1.1", modality: str = "MG") -> InstanceHeader:
    return InstanceHeader(uid, {"Modality": (modality,)}, calling_ae_title="MG1", called_ae_title=title)


def test_rule_matches_by_the_ae_title_that_was_called() -> None:
    rules = [
        rule("mammo", called_ae_title="PREREAD_MAMMO"),
        rule("urgent", called_ae_title=["PREREAD_URGENT", "PREREAD_ER"], priority="urgent"),
    ]
    found = {
        title: route([called(title)], rules) for title in ("PREREAD_MAMMO", "preread_er ", "PREREAD", "")
    }
    assert {title: one.rules for title, one in found.items()} == {
        "PREREAD_MAMMO": ("mammo",),
        "preread_er ": ("urgent",),
        "PREREAD": (),
        "": (),
    }
    assert found["preread_er "].priority is Priority.URGENT


def test_rule_matches_by_the_ae_title_of_the_sender() -> None:
    wanted = rule(calling_ae_title={"matches": "MG*"})
    assert route([called("PREREAD")], [wanted]).rules == ("us-breast",)
    assert route([InstanceHeader("1.1", calling_ae_title="CT1")], [wanted]) == Route()


def test_ae_title_must_hold_on_the_instance_on_which_the_attributes_hold() -> None:
    wanted = rule(called_ae_title="URGENT", when={"Modality": "MG"})
    apart = [called("URGENT", "1.1", "US"), called("PREREAD", "1.2", "MG")]
    assert route(apart, [wanted]) == Route()
    assert route([*apart, called("URGENT", "1.3", "MG")], [wanted]).rules == ("us-breast",)


def test_attribute_of_the_dataset_is_never_taken_for_the_ae_title_that_was_called() -> None:
    titles = {
        name: ("URGENT",)
        for name in ("called_ae_title", "called AE title", "ReceivingApplicationEntityTitle")
    }
    assert route([InstanceHeader("1.1", titles)], [rule(called_ae_title="URGENT")]) == Route()


@pytest.mark.parametrize(
    ("title", "seen"), [("PREREAD", "this study has PREREAD"), ("", "this study has no called AE title")]
)
def test_reason_tells_which_ae_title_was_wanted_and_which_was_called(title: str, seen: str) -> None:
    explanation = explain([called(title)], [rule(called_ae_title=["URGENT", "ER"])])
    assert explanation.reason == (
        f"no rule matches: rule us-breast wants called AE title one of URGENT, ER, {seen}"
    )
    (predicate,) = explanation.rules[0].predicates
    assert (predicate.keyword, predicate.holds) == ("called AE title", False)


def in_series(uid: str, series: str, modality: str = "MG") -> InstanceHeader:
    return InstanceHeader(uid, {"Modality": (modality,)}, series_instance_uid=series)


def test_rule_for_series_gives_its_classifiers_the_series_that_match() -> None:
    wanted = rule(level="series", when={"Modality": "MG"})
    instances = [in_series("1.1", "2.2"), in_series("1.2", "2.1"), in_series("1.3", "2.3", "US")]
    assert route(instances, [wanted]).series == {"us-mass": ("2.1", "2.2")}
    assert route(instances, [rule()]).series == {}


def test_rule_for_studies_gives_its_classifiers_all_series_whatever_others_give() -> None:
    rules = [rule("a", level="series"), rule("b"), rule("c", level="series", classifiers=["second"])]
    assert route([in_series("1.1", "2.1")], rules).series == {"second": ("2.1",)}
