from pathlib import Path

import pytest

from engines.plans.verified import remember_verified, verified


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "0123.plan"
    path.write_bytes(b"plan")
    return path


def test_a_plan_is_not_verified_at_first(plan: Path) -> None:
    assert verified(plan) is None


def test_what_was_found_is_remembered_beside_the_plan(plan: Path) -> None:
    remember_verified(plan, "first")
    remember_verified(plan, "12 images, off by 1e-5")
    assert verified(plan) == "12 images, off by 1e-5"
    assert (plan.parent / "0123.verified.json").is_file()


def test_a_plan_that_was_replaced_is_not_verified(plan: Path) -> None:
    remember_verified(plan, "found")
    plan.write_bytes(b"another plan")
    assert verified(plan) is None


@pytest.mark.parametrize("torn", [b"", b"{", b"[]", b"{}"])
def test_a_note_that_says_nothing_is_no_verification(plan: Path, torn: bytes) -> None:
    plan.with_suffix(".verified.json").write_bytes(torn)
    assert verified(plan) is None


def test_a_plan_that_is_not_there_cannot_be_remembered(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remember_verified(tmp_path / "0123.plan", "found")
