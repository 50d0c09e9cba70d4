import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from service.cli.main import app

CONFIGURATION = """
data_folder: {folder}
broker: {{url: "amqp://preread:secret@broker:5672/%2F"}}
destinations: [{{name: pacs, host: 127.0.0.1, port: 104, ae_title: PACS}}]
rules:
  - name: breast-ultrasound
    when: {{Modality: US, BodyPartExamined: BREAST}}
    classifiers: [us-mass]
    destinations: [pacs]
"""

Run = Callable[..., Any]


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    path = tmp_path / "preread.yaml"
    path.write_text(CONFIGURATION.format(folder=json.dumps(str(tmp_path / "data"))))
    return path


@pytest.fixture
def run(configuration: Path) -> Run:
    """Runs `preread` with a configuration, in this process."""

    def invoke(*arguments: str) -> Any:
        return CliRunner().invoke(app, ["--config", str(configuration), *arguments])

    return invoke
