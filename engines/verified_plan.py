"""A plan is used once it has given the reference's answers on this GPU; that is remembered beside it."""

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engines.backends.cuda import current_gpu
from engines.backends.port import Engine
from engines.choice import EngineChoice
from engines.errors import DisagreementError
from engines.manifest import Manifest
from engines.plans.verified import remember_verified, verified
from engines.reference import reference_fingerprint, reference_images
from engines.verify import Verification, tolerance_of, verify

_SHOWN = 3
"""Failing images that the error names; `preread engine verify` lists all."""


def check_plan(manifest: Manifest, choice: EngineChoice, engine: Engine, plan: Path) -> None:
    """Verify the open engine of the classifier's `plan`, unless this plan has passed before.

    Raises DisagreementError that names the images on which it does not hold.
    """
    wanted = _conditions(manifest, choice)
    if _passed(plan) == wanted:
        return
    found = verify(manifest, engine, choice.precision, reference_images(manifest), choice.profile.usual)
    if not found.holds:
        raise DisagreementError(_complaint(manifest, choice, found))
    with suppress(OSError):  # plans may lie where nothing can be written; then every start verifies
        remember_verified(plan, json.dumps({"conditions": wanted, **summary(found)}))


def summary(found: Verification) -> dict[str, Any]:
    """The figures of a verification, for JSON."""
    return {
        "images": len(found.comparisons),
        "decisions_equal": found.decisions_equal,
        "worst_probability_difference": found.worst_probability,
        "worst_heatmap_difference": found.worst_heatmap,
        "holds": found.holds,
    }


def _passed(plan: Path) -> str:
    """The conditions under which the plan has passed; empty where it has not, or nobody can read them."""
    try:
        remembered = json.loads(verified(plan) or "{}")
    except json.JSONDecodeError:
        return ""
    return str(remembered.get("conditions", "")) if isinstance(remembered, dict) else ""


def _conditions(manifest: Manifest, choice: EngineChoice) -> str:
    """Hash of all that decides whether the plan passes, besides the plan."""
    conditions = {
        "gpu": asdict(current_gpu(choice.device)),
        "tolerance": asdict(tolerance_of(manifest, choice.precision)),
        "calibration": asdict(manifest.calibration),
        "threshold": manifest.operating_point.threshold,
        "reference": [manifest.weights.sha256, reference_fingerprint(manifest)],
    }
    return hashlib.sha256(json.dumps(conditions, sort_keys=True).encode()).hexdigest()


def _complaint(manifest: Manifest, choice: EngineChoice, found: Verification) -> str:
    shown = "; ".join(found.failures[:_SHOWN])
    return (
        f"the {choice.precision} plan of {manifest.name!r} does not give the reference's answers on "
        f"{len(found.failures)} of {len(found.comparisons)} images and is not used: {shown}. See all with "
        f"`preread engine verify {manifest.name}`; choose another precision, or the backend onnxruntime"
    )
