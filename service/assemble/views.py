"""The condition of expected views: which mammograms are here, and which are still to come."""

from collections import Counter
from collections.abc import Sequence

from service.assemble.facts import StudyFacts
from service.assemble.finding import Finding
from service.config import ExpectedViews
from service.dicom.mammography import IMPLANT_DISPLACED, MammographyView
from service.dicom.predicates import misses


def views_finding(wanted: ExpectedViews, facts: StudyFacts, *, is_quiet: bool) -> Finding:
    """Whether the expected views are here, or those of the one side that a unilateral study shows."""
    images = [instance.view for instance in facts.instances if instance.view is not None]
    if not images:
        return Finding(None, "no mammogram is here")
    shown = {_name(image) for image in images if not _shortcoming(image, wanted)}
    missing = [view for view in wanted.expected if view not in shown]
    if not missing:
        return Finding(True, f"all expected views are here: {', '.join(wanted.expected)}")
    return _unilateral(wanted, facts, images, missing, is_quiet) or Finding(
        False, f"waiting for views: {', '.join(missing)}{_not_counted(images, wanted)}"
    )


def _unilateral(
    wanted: ExpectedViews,
    facts: StudyFacts,
    images: Sequence[MammographyView],
    missing: Sequence[str],
    is_quiet: bool,
) -> Finding | None:
    """The finding for a study that has all views of one side and nothing of the other; None for any other."""
    sides = {image.laterality for image in images}
    if sides not in ({"L"}, {"R"}):
        return None  # an image whose side is unknown may be of the other one
    (side,) = sides
    of_side = [view for view in wanted.expected if view.startswith(side)]
    if not of_side or set(of_side) & set(missing):
        return None
    here = f"all mammograms show {side}, and its views are here: {', '.join(of_side)}"
    if _is_announced(wanted, facts):
        return Finding(True, f"unilateral as announced: {here}")
    if wanted.unilateral == "when_announced":
        return None
    if is_quiet:
        return Finding(True, f"unilateral: {here}, and nothing more came in the quiet period")
    return Finding(
        False,
        f"waiting for views: {', '.join(missing)}, or as all mammograms show {side}, for the quiet period",
    )


def _is_announced(wanted: ExpectedViews, facts: StudyFacts) -> bool:
    return bool(wanted.unilateral_when) and any(
        misses(wanted.unilateral_when, instance.header) == 0 for instance in facts.instances
    )


def _name(image: MammographyView) -> str:
    return f"{image.laterality} {image.view}"


def _shortcoming(image: MammographyView, wanted: ExpectedViews) -> str:
    """Why an image does not stand for its view; empty where it does."""
    if not image.is_for_presentation:
        return "FOR PROCESSING"
    if image.is_tomosynthesis and not wanted.tomosynthesis:
        return "tomosynthesis"
    allowed = {IMPLANT_DISPLACED} if wanted.implant_displaced else set()
    modifiers = sorted(image.modifiers - allowed)
    if modifiers:
        return ", ".join(modifiers)
    return "" if image.laterality and image.view else "side or view not coded"


def _not_counted(images: Sequence[MammographyView], wanted: ExpectedViews) -> str:
    counted = Counter(filter(None, (_shortcoming(image, wanted) for image in images)))
    listed = ", ".join(f"{count} {why}" for why, count in sorted(counted.items()))
    return f" (not counted: {listed})" if listed else ""
