import json
import plistlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from engines.data.examples import Example, read_pixels
from engines.data.formats import read_folds
from tests.unit.cli.conftest import Run
from tests.unit.dicom.builders import part10

ROWS, COLUMNS = 80, 60
CASES = (
    "patient_id,breast_density,left or right breast,image view,abnormality id,abnormality type,mass shape,"
    "mass margins,assessment,pathology,subtlety,image file path,cropped image file path,ROI mask file path\n"
)


def film(pixels: NDArray[np.uint8]) -> bytes:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID, ds.SOPInstanceUID = DigitalMammographyXRayImageStorageForPresentation, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.Modality, ds.PatientID, ds.PatientName = "MG", "SECRET", "Doe^Jane"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = pixels.tobytes()
    return part10(ds)


def breast(seed: int, shape: tuple[int, int] = (ROWS, COLUMNS)) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 255, shape, dtype=np.uint8)


def mask(top: int, left: int) -> NDArray[np.uint8]:
    found = np.zeros((ROWS, COLUMNS), np.uint8)
    found[top : top + 10, left : left + 10] = 255
    return found


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


@pytest.fixture
def cbis_ddsm(tmp_path: Path) -> Path:
    folder = tmp_path / "CBIS-DDSM"
    rows = [
        "P_00001,3,LEFT,CC,1,mass,OVAL,SPICULATED,4,BENIGN,3,wrong/path,a,b\n",
        "P_00001,3,LEFT,CC,2,mass,OVAL,SPICULATED,5,MALIGNANT,3,wrong/path,a,b\n",
        "P_00002,2,RIGHT,MLO,1,mass,OVAL,SPICULATED,2,BENIGN_WITHOUT_CALLBACK,3,wrong/path,a,b\n",
        "P_00009,2,RIGHT,MLO,1,mass,OVAL,SPICULATED,2,BENIGN,3,wrong/path,a,b\n",
    ]
    write(folder / "mass_case_description_train_set.csv", (CASES + "".join(rows)).encode())
    test = "P_00003,2,LEFT,CC,1,calcification,PUNCTATE,CLUSTERED,4,MALIGNANT,3,x,a,b\n"
    header = CASES.replace("mass shape,mass margins", "calc type,calc distribution")
    write(folder / "calc_case_description_test_set.csv", (header + test).encode())
    deep = Path("07-20-2016-DDSM-1") / "1.000000-full mammogram images-1"
    for seed, name in enumerate(
        ("Mass-Training_P_00001_LEFT_CC", "Mass-Training_P_00002_RIGHT_MLO", "Calc-Test_P_00003_LEFT_CC")
    ):
        write(folder / name / deep / "1-1.dcm", film(breast(seed)))
    write(folder / "Mass-Training_P_00001_LEFT_CC_1" / deep / "1-1.dcm", film(mask(5, 5)))
    write(folder / "Mass-Training_P_00001_LEFT_CC_1" / deep / "1-2.dcm", film(breast(9, (40, 40))))  # a crop
    write(folder / "Mass-Training_P_00001_LEFT_CC_2" / deep / "1-1.dcm", film(breast(8, (40, 40))))
    write(folder / "Mass-Training_P_00001_LEFT_CC_2" / deep / "1-2.dcm", film(mask(40, 30)))
    return folder


def written(out: Path) -> dict[int, list[Example]]:
    return read_folds("folder", out)


def test_cbis_ddsm_is_read_by_folders_and_masks_by_what_they_hold(
    run: Run, cbis_ddsm: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = json.loads(run("dataset", "from-cbis-ddsm", str(cbis_ddsm), str(out), "--json").stdout)
    assert said == {"images": 3, "refused": {"no film in its folder": 1}}
    folds = written(out)
    (test,) = folds[5]
    assert (test.label, test.side, test.group) == (1, "left", "CBIS-DDSM")
    examples = {e.side: e for fold, theirs in folds.items() if fold != 5 for e in theirs}
    assert (examples["left"].label, examples["left"].birads) == (1, 5)  # one of its two masses is malignant
    assert examples["right"].label == 0
    lesion = read_pixels(examples["left"]).mask
    assert lesion.sum() == 200
    assert lesion[10, 10]
    assert lesion[45, 35]
    assert examples["right"].mask is None
    assert "SECRET" not in (out / "table.csv").read_text()


def test_a_folder_without_tables_is_told(run: Run, tmp_path: Path) -> None:
    for command, missing in (("from-cbis-ddsm", "_case_description_"), ("from-inbreast", "INbreast.csv")):
        error = run("dataset", command, str(tmp_path), str(tmp_path / "out")).exception
        assert missing in str(error)


def outlines(*rois: dict[str, Any]) -> bytes:
    return plistlib.dumps({"Images": [{"NumberOfROIs": len(rois), "ROIs": list(rois)}]})


@pytest.fixture
def inbreast(tmp_path: Path) -> Path:
    folder = tmp_path / "INbreast"
    table = (
        "Patient ID;Patient age;Laterality;View;Acquisition date;File Name;ACR;Bi-Rads\n"
        "removed;removed;R;CC;201001;20586908;3;4a\nremoved;removed;L;MLO;201001;20586934;2;2\n"
        "removed;removed;L;MLO;201001;20586999;2;5\n;;;;;;;\n"
    )
    write(folder / "INbreast.csv", table.encode())
    for seed, name in enumerate(("20586908_6c613a14_MG_R_CC_ANON", "20586934_6c613a14_MG_L_ML_ANON")):
        write(folder / "AllDICOMs" / f"{name}.dcm", film(breast(seed)))
    square = ["(10, 20)", "(30, 20)", "(30, 50)", "(10, 50)"]
    write(
        folder / "AllXML" / "20586908.xml",
        outlines({"Name": "Mass", "Point_px": square}, {"Name": "Calcification", "Point_px": ["(1, 1)"]}),
    )
    return folder


def test_inbreast_is_labelled_by_birads_and_outlines_become_masks(
    run: Run, inbreast: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = json.loads(run("dataset", "from-inbreast", str(inbreast), str(out), "--json").stdout)
    assert said == {"images": 2, "refused": {"no DICOM file of its number": 1}}
    examples = {e.side: e for theirs in written(out).values() for e in theirs}
    assert (examples["right"].label, examples["right"].birads) == (1, 4)
    assert examples["left"].label == 0
    assert examples["left"].patient == examples["right"].patient  # two films of one woman
    lesion = read_pixels(examples["right"]).mask
    assert lesion.sum() == pytest.approx(20 * 30, rel=0.1)
    assert lesion[35, 20]
    assert examples["left"].mask is None
