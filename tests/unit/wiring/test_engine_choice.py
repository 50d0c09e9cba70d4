from pathlib import Path

import pytest

from engines.choice import Backend, EngineChoice
from engines.plans.profile import BatchProfile
from engines.precision import Precision
from service.config import Settings
from service.config.sections import InferSettings
from service.wiring.adapters import engine_choice


def test_settings_as_they_stand_take_what_the_machine_has(tmp_path: Path) -> None:
    choice = engine_choice(Settings(data_folder=tmp_path))
    assert choice == EngineChoice(Backend.AUTO, threads=0, plan_folder=tmp_path / "plans")


def test_every_setting_of_the_engine_is_passed_on(tmp_path: Path) -> None:
    infer = InferSettings(
        backend="tensorrt",
        precision="fp16",
        threads=3,
        device=1,
        plan_folder=tmp_path,
        build_plans=False,
        largest_batch=4,
    )
    assert engine_choice(Settings(infer=infer)) == EngineChoice(
        Backend.TENSORRT, Precision.FP16, 3, 1, tmp_path, False, BatchProfile(1, 4, 4)
    )


@pytest.mark.parametrize("backend", list(Backend))
def test_every_backend_can_be_configured(backend: Backend) -> None:
    settings = Settings.model_validate({"infer": {"backend": backend.value}})
    assert engine_choice(settings).backend is backend


@pytest.mark.parametrize("precision", list(Precision))
def test_every_precision_can_be_configured(precision: Precision) -> None:
    settings = Settings.model_validate({"infer": {"precision": precision.value}})
    assert engine_choice(settings).precision is precision
