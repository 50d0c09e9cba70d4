import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engines.data.formats import read_folds
from service.errors import ConfigurationError
from tests.unit.cli.conftest import Run
from tests.unit.dicom.builders import as_rgb, part10, speckle, ultrasound, us_region
from tests.unit.engines.builders import write_bus_bra


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Four ultrasound images of two women, a picture of Doppler, and a file that is no DICOM."""
    folder = tmp_path / "dicom"
    (folder / "deep").mkdir(parents=True)
    for number in range(4):
        ds = ultrasound(
            as_rgb(speckle(seed=number)),
            PatientID=f"SECRET-{number // 2}",
            PatientName="Doe^Jane",
            AccessionNumber=f"A{number}",
            ImageLaterality="LR"[number % 2],
            SequenceOfUltrasoundRegions=[us_region((16, 8, 111, 87))],
        )
        (folder / "deep" / f"{number}.dcm").write_bytes(part10(ds))
    coloured = as_rgb(speckle()).copy()
    coloured[..., 0] = 255
    (folder / "doppler.dcm").write_bytes(part10(ultrasound(coloured, AccessionNumber="A1")))
    (folder / "unlisted.dcm").write_bytes(part10(ultrasound(as_rgb(speckle()), AccessionNumber="A9")))
    (folder / "notes.txt").write_text("not DICOM")
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("accession,label,birads\nA0,malignant,5\nA1,benign,3\nA2,Benign,\nA3,malignant,4\n")
    return path


def test_labelled_images_become_a_data_set_without_patient_data(
    run: Run, images: Path, labels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = json.loads(run("dataset", "from-dicom", str(images), str(labels), str(out), "--json").stdout)
    assert (said["images"], said["not_labelled"]) == (4, 1)
    assert sorted(count for count in said["refused"].values()) == [1, 1]
    examples = [example for fold in read_folds("folder", out).values() for example in fold]
    assert sorted(example.label for example in examples) == [0, 0, 1, 1]
    assert len({example.patient for example in examples}) == 2
    assert {example.side for example in examples} == {"left", "right"}
    with Image.open(examples[0].image) as image:
        assert image.size == (96, 80)  # the region, as the service reads it
    everything = (out / "table.csv").read_text() + " ".join(str(path) for path in out.rglob("*"))
    for secret in ("SECRET", "Doe", "A0", "1.2.8"):
        assert secret not in everything


def test_a_folder_that_holds_something_is_not_written_into(
    run: Run, images: Path, labels: Path, tmp_path: Path
) -> None:
    error = run("dataset", "from-dicom", str(images), str(labels), str(tmp_path)).exception
    assert isinstance(error, ConfigurationError)
    assert "is not empty" in str(error)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("accession\nA0\n", "needs a column `label` and one of accession, study, image"),
        ("accession,study,label\nA0,1,benign\n", "needs a column `label` and one of"),
        ("accession,label\nA0,unclear\n", "line 2: label 'unclear' is neither benign nor malignant"),
    ],
)
def test_a_table_that_does_not_say_what_is_needed_is_refused(
    run: Run, images: Path, tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    error = run("dataset", "from-dicom", str(images), str(path), str(tmp_path / "out")).exception
    assert isinstance(error, ConfigurationError)
    assert why in str(error)


def test_a_check_counts_and_finds_near_duplicates(run: Run, tmp_path: Path) -> None:
    folder = write_bus_bra(tmp_path, patients=15) / "bus-bra"
    gray = np.random.default_rng(0).integers(0, 255, (48, 64), dtype=np.uint8)
    for name in ("bus_0000-l.png", "bus_0007-r.png"):
        Image.fromarray(gray).save(folder / "images" / name)
    said = json.loads(run("dataset", "check", "bus-bra", str(folder), "--json").stdout)
    assert sum(said["images"].values()) == 30
    assert ["bus_0000-l.png", "bus_0007-r.png", 1.0] in said["near_duplicates"]
    assert "fold" in run("dataset", "check", "bus-bra", str(folder)).stdout
