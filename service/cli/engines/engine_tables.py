"""What `preread engine` prints: the same facts as tables for people and as JSON for machines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from engines.choice import OFFERED
from engines.precision import Precision

if TYPE_CHECKING:
    from engines.available import Available
    from service.wiring.engines import Built, CachedPlan, Verified

Classifiers = Mapping[str, Sequence[Precision]]
_YES, _NO = "[green]yes[/]", "[red]no[/]"


def listing(
    backends: Sequence["Available"], classifiers: Classifiers, plans: Sequence["CachedPlan"]
) -> dict[str, Any]:
    """Everything that `list` knows."""
    return {
        "backends": [
            {
                "backend": one.backend,
                "here": one.here,
                "detail": one.detail,
                "precisions": list(OFFERED[one.backend]),
            }
            for one in backends
        ],
        "classifiers": [
            {"classifier": name, "precisions": list(precisions)} for name, precisions in classifiers.items()
        ],
        "plans": [_plan_row(plan) for plan in plans],
    }


def show_listing(
    backends: Sequence["Available"], classifiers: Classifiers, plans: Sequence["CachedPlan"], folder: Path
) -> None:
    """The same, for people."""
    console = Console()
    here = Table("backend", "here", "precisions", "what it is, or what is missing", title="Backends")
    for one in backends:
        precisions = ", ".join(OFFERED[one.backend])
        here.add_row(one.backend, _YES if one.here else _NO, precisions, escape(one.detail))
    known = Table("classifier", "weights for", title="Classifiers")
    for name, weights in classifiers.items():
        known.add_row(name, ", ".join(weights) or "[red]none that its manifest names[/]")
    console.print(here, known)
    if not plans:
        console.print(f"no TensorRT plans in {folder}", highlight=False)
        return
    built = Table(
        "classifier", "precision", "GPU", "TensorRT", "batches", "MB", "verified", title=f"Plans in {folder}"
    )
    for row in map(_plan_row, plans):
        batches = f"{row['smallest_batch']} to {row['largest_batch']}"
        size = _megabytes(row["bytes"])
        name = row["classifier"] or "none of these"
        passed = _YES if row["verified"] else "not yet"
        built.add_row(name, row["precision"], escape(row["gpu"]), row["library"], batches, size, passed)
    console.print(built)


def built_row(one: "Built") -> dict[str, Any]:
    """What became of one build."""
    return {
        "classifier": one.classifier,
        "precision": one.precision,
        "gpu": one.gpu.name,
        "plan": None if one.path is None else str(one.path),
        "verified": one.verified,
        "note": one.note,
    }


def show_built(results: Sequence["Built"]) -> None:
    """The same, for people: a table, and below it what needs more words."""
    table = Table("classifier", "precision", "for GPU", "plan", "MB", "verified")
    for one in results:
        built = (
            ("[red]failed[/]", "")
            if one.path is None
            else (one.path.name[:12], _megabytes(one.path.stat().st_size))
        )
        verified = _YES if one.verified else "no"
        table.add_row(one.classifier, one.precision, escape(one.gpu.name), *built, verified)
    console = Console()
    console.print(table)
    _say_once(console, [one.note for one in results if one.note])


def verified_row(one: "Verified") -> dict[str, Any]:
    """What one verification found."""
    from engines.verified_plan import summary

    found = one.result
    return {
        "classifier": one.classifier,
        "backend": one.choice.backend,
        "precision": one.choice.precision,
        **({"holds": False} if found is None else summary(found)),
        "failures": [one.problem] if found is None else list(found.failures),
    }


def show_verified(results: Sequence["Verified"], left_out: Sequence["Available"]) -> None:
    """The same, for people: a table, and below it every image on which an engine does not hold.

    `left_out`: backends that cannot run here, so that nobody takes them for verified.
    """
    table = Table(
        "classifier", "backend", "precision", "worst probability difference", "worst heatmap difference",
        "decisions equal", "holds",
    )  # fmt: skip
    for one in results:
        figures = ["", "", ""]
        if one.result is not None:
            found = one.result
            figures = [
                f"{found.worst_probability:.1e} of {found.tolerance.probability:g}",
                f"{found.worst_heatmap:.1e} of {found.tolerance.heatmap:g}",
                f"{found.decisions_equal}/{len(found.comparisons)}",
            ]
        holds = _YES if one.holds else _NO
        table.add_row(one.classifier, one.choice.backend, one.choice.precision, *figures, holds)
    console = Console()
    console.print(table)
    for one in results:
        title = f"{one.classifier}, {one.choice.backend}, {one.choice.precision}"
        _say_once(console, [f"{title}: {failure}" for failure in verified_row(one)["failures"]])
    _say_once(console, [f"not verified: {one.backend} cannot run here, {one.detail}" for one in left_out])


def _plan_row(plan: "CachedPlan") -> dict[str, Any]:
    return {
        "classifier": plan.classifier,
        "precision": plan.key.precision,
        "gpu": plan.key.gpu.name,
        "library": f"{plan.key.flavour} {plan.key.version}",
        "smallest_batch": plan.key.profile.smallest,
        "largest_batch": plan.key.profile.largest,
        "bytes": plan.path.stat().st_size,
        "verified": plan.has_passed,
        "plan": str(plan.path),
    }


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f}"


def _say_once(console: Console, lines: Sequence[str]) -> None:
    for line in dict.fromkeys(lines):
        console.print(escape(line), highlight=False)
