"""The conditions of a completeness rule, each on the facts alone."""

from collections.abc import Iterator

from service.assemble.facts import StudyFacts
from service.assemble.finding import Finding
from service.assemble.views import views_finding
from service.config import Completeness
from service.study.procedure_step import ProcedureStepStatus


def findings(rule: Completeness, facts: StudyFacts, *, is_quiet: bool) -> list[Finding]:
    """What each condition that the rule names has found, in the order of the settings."""
    return list(_findings(rule, facts, is_quiet))


def _findings(rule: Completeness, facts: StudyFacts, is_quiet: bool) -> Iterator[Finding]:
    if rule.views.expected:
        yield views_finding(rule.views, facts, is_quiet=is_quiet)
    if rule.count == "announced":
        announced = [instance.announced_count for instance in facts.instances]
        # Modalities that count as they go say more with each image: the largest number is the last word.
        expected = max(filter(None, announced), default=None)
        yield counted(len(facts.received), expected, "announced")
    if rule.count == "pacs":
        yield counted(len(facts.received), facts.count_in_pacs, "that the PACS has")
    if rule.procedure_steps:
        yield _stepped(facts)
    if rule.association_released:
        yield _released(facts)


def counted(here: int, expected: int | None, whose: str) -> Finding:
    """Whether as many images are here as are expected; `whose` says by whom."""
    if expected is None:
        return Finding(None, f"no number of images {whose} is known")
    if here >= expected:
        return Finding(True, f"all {expected} images {whose} are here")
    return Finding(False, f"waiting: {here} of {expected} images {whose} are here")


def _stepped(facts: StudyFacts) -> Finding:
    if not facts.steps:
        return Finding(None, "no procedure step is known")
    running = sum(not step.status.is_final for step in facts.steps)
    if running:
        return Finding(False, f"waiting: {running} of {len(facts.steps)} procedure steps are in progress")
    named = {uid for step in facts.steps for uid in step.instance_uids}
    completed = [step for step in facts.steps if step.status is ProcedureStepStatus.COMPLETED]
    if not named or not all(step.instance_uids for step in completed):
        return Finding(None, "the procedure steps have ended, but not each says which images it made")
    here = len(named & facts.received)
    if here < len(named):
        return Finding(False, f"waiting: {here} of {len(named)} images of the procedure steps are here")
    return Finding(True, f"the procedure steps have ended, and their {here} images are here")


def _released(facts: StudyFacts) -> Finding:
    if facts.waiting.is_released:
        return Finding(True, "the association was released after the last image")
    return Finding(None, "no association was released since the last image")
