"""Workers that run only some of the classifiers."""

import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from engines.catalog import find_classifier
from service.config import Settings
from service.errors import ConfigurationError
from service.wiring.adapters import inference_queues, own_classifier_names
from service.wiring.classifiers import open_classifiers

SHIPPED = find_classifier("us-mass").folder


def settings(*own: str, folder: Path | None = None) -> Settings:
    rules = [{"name": "all", "classifiers": ["us-mass", "second"]}]
    folders = [str(folder)] if folder else []
    infer = {"classifiers": own, "classifier_folders": folders, "backend": "onnxruntime"}
    return Settings.model_validate({"rules": rules, "infer": infer})


def test_a_worker_runs_all_classifiers_unless_it_is_told() -> None:
    assert own_classifier_names(settings()) == ["us-mass", "second"]
    assert own_classifier_names(settings("second")) == ["second"]


def test_a_worker_takes_work_from_the_queues_of_its_own_classifiers() -> None:
    queues = inference_queues(own_classifier_names(settings("second")))
    assert queues == ["inference.second.urgent", "inference.second"]


def test_a_classifier_that_no_rule_runs_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"infer\.classifiers names 'third', which no rule runs"):
        own_classifier_names(settings("third"))


def test_only_a_workers_own_classifiers_are_opened(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "second")
    manifest = tmp_path / "second" / "manifest.toml"
    manifest.write_text(manifest.read_text().replace('name = "us-mass"', 'name = "second"', 1))

    with ExitStack() as resources:
        opened = open_classifiers(settings("second", folder=tmp_path), resources)

    assert list(opened) == ["second"]
