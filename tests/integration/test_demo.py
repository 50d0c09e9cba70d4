"""`preread demo` as a new user runs it, without a terminal: it ends by itself."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from engines.phantoms import phantom

pytestmark = pytest.mark.integration


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "service.cli.main", "demo", "--folder", str(folder), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "COLUMNS": "200"},
    )


def returned(folder: Path) -> list[Dataset]:
    return [dcmread(path) for path in folder.glob("*/pacs/*.dcm")]


def test_demo_shows_report_and_heatmaps_and_why_the_others_have_none(tmp_path: Path) -> None:
    finished = demo(tmp_path)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert sorted(ds.Modality for ds in returned(tmp_path)) == ["OT", "OT", "SR"]
    assert "not analysed because the header does not say that this is a breast" in finished.stdout
    assert "probability of cancer" in finished.stdout
    assert len(list(tmp_path.glob("*/heatmap-*.png"))) == 2


def test_demo_takes_a_folder_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (300, 400), dtype=np.uint8)
    Image.fromarray(phantom(8)).save(tmp_path / "pictures" / "one.png")
    Image.fromarray(noise).save(tmp_path / "pictures" / "two.png")

    finished = demo(tmp_path / "demo", str(tmp_path / "pictures"))

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert sorted(ds.Modality for ds in returned(tmp_path / "demo")) == ["OT", "SR"]
    # The heatmap is of the ultrasound; noise is nothing that the classifier was made for.
    assert len(list(tmp_path.glob("demo/*/heatmap-*.png"))) == 1


def test_demo_of_a_folder_without_images_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    finished = demo(tmp_path / "demo", str(tmp_path / "empty"))

    assert finished.returncode == 2
    assert "holds no DICOM, PNG or JPEG file" in finished.stderr
