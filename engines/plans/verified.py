"""What was found when a plan was compared with the reference, kept beside the plan."""

import json
from pathlib import Path

from engines.plans.files import locked, write_whole


def remember_verified(plan: Path, text: str) -> None:
    """Keep `text`, which says what was compared and found, until the plan is replaced. Raises OSError."""
    path = _beside(plan)
    with locked(path):
        write_whole(path, json.dumps({"plan": _identity(plan), "text": text}).encode())


def verified(plan: Path) -> str | None:
    """What was kept for this very plan; None if nothing was, or another file lay there then.

    Raises OSError if there is no plan.
    """
    try:
        said = json.loads(_beside(plan).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(said, dict) or said.get("plan") != _identity(plan):
        return None
    return str(said["text"])


def _beside(plan: Path) -> Path:
    return plan.with_suffix(".verified.json")


def _identity(plan: Path) -> list[int]:
    # Size and time of change, as a hash of half a gigabyte would delay every start.
    found = plan.stat()
    return [found.st_size, found.st_mtime_ns]
