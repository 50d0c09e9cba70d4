import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundImageStorage, UltrasoundMultiFrameImageStorage

from service.config import ReportSettings
from service.errors import Permanent
from service.report.objects import PredecessorReference, ReportObject, build_objects
from service.study.result import ImageRefusal
from tests.unit.report.builders import (
    IMAGE_UID,
    OTHER_IMAGE_UID,
    RETIRED_ULTRASOUND,
    STUDY_UID,
    as_received,
    header,
    objects_of,
    read,
    result,
    score,
    score_of,
)

DCIODVFY = Path(sys.executable).with_name("dciodvfy")
DSRDUMP = Path("/usr/bin/dsrdump")


def require(tool: Path, package: str) -> None:
    """Skip without the tool; in CI it has to be there."""
    if tool.exists():
        return
    message = f"{tool.name} is missing; install {package}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def checked_objects(tmp_path: Path, sop_class_uid: str) -> dict[Path, ReportObject]:
    """Objects with everything that can be in them, as files."""
    sources = as_received(header(sop_class_uid)), as_received(header(sop_class_uid, uid=OTHER_IMAGE_UID))
    found = result(
        score_of(sources[0]),
        score_of(sources[1], laterality="", outline=(), category="", positive=False),
        refusals=(ImageRefusal("1.2.3", "colour Doppler"),),
    )
    before = PredecessorReference(STUDY_UID, "1.2.3.9", "1.2.840.10008.5.1.4.1.1.88.34", "1.2.3.10")
    files = {}
    for built in objects_of(found, *sources, predecessor=before):
        path = tmp_path / f"{built.kind}-{built.instance_number}.dcm"
        path.write_bytes(built.data)
        files[path] = built
    return files


def test_heatmaps_come_first_then_the_sr_that_links_them() -> None:
    found = result(score(), score(sop_instance_uid=OTHER_IMAGE_UID))

    objects = objects_of(found, header(), header(uid=OTHER_IMAGE_UID))

    assert [(built.kind, built.instance_number) for built in objects] == [
        ("heatmap", 1),
        ("heatmap", 2),
        ("sr", 1),
    ]
    assert objects[0].series_instance_uid == objects[1].series_instance_uid != objects[2].series_instance_uid


def test_object_says_what_its_bytes_hold() -> None:
    for built in objects_of(result(score()), header()):
        ds = read(built)
        assert (ds.SOPClassUID, ds.SOPInstanceUID) == (built.sop_class_uid, built.sop_instance_uid)
        assert (ds.SeriesInstanceUID, ds.InstanceNumber) == (built.series_instance_uid, built.instance_number)
        assert ds.file_meta.MediaStorageSOPInstanceUID == built.sop_instance_uid
        assert ds.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian


def test_rebuilding_gives_the_same_bytes() -> None:
    sources = as_received(header(SpecificCharacterSet="GB18030", PatientName="Zhang^X=张^小明="))

    first, second = (objects_of(result(score()), sources) for _ in range(2))

    assert first == second


def test_result_without_scores_gives_no_objects() -> None:
    assert objects_of(result(refusals=(ImageRefusal(IMAGE_UID, "not B-mode"),))) == ()


def test_header_of_another_study_is_refused() -> None:
    with pytest.raises(Permanent, match="of another study"):
        objects_of(result(score()), header(StudyInstanceUID="1.2.3"))


def test_missing_header_is_refused() -> None:
    with pytest.raises(Permanent, match="header of a scored image is missing"):
        objects_of(result(score()))


def test_missing_pixels_are_refused() -> None:
    with pytest.raises(Permanent, match="pixels of a scored image are missing"):
        build_objects(result(score()), {IMAGE_UID: header()}, {}, ReportSettings())


# Not the retired multi-frame class: dciodvfy does not know that it has frames and objects to their numbers.
@pytest.mark.parametrize(
    "sop_class_uid", [UltrasoundImageStorage, UltrasoundMultiFrameImageStorage, RETIRED_ULTRASOUND]
)
def test_dciodvfy_finds_no_error_in_any_object(tmp_path: Path, sop_class_uid: str) -> None:
    require(DCIODVFY, "dicom3tools")

    for path in checked_objects(tmp_path, sop_class_uid):
        checked = subprocess.run([DCIODVFY, "-new", path], capture_output=True, text=True, check=False)
        said = checked.stdout + checked.stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == []
        assert checked.returncode == 0


def test_dsrdump_reads_the_sr_without_a_word_of_complaint(tmp_path: Path) -> None:
    require(DSRDUMP, "dcmtk")
    (path,) = (
        p for p, built in checked_objects(tmp_path, UltrasoundImageStorage).items() if built.kind == "sr"
    )

    dumped = subprocess.run([DSRDUMP, path], capture_output=True, text=True, check=False)

    assert (dumped.returncode, dumped.stderr) == (0, "")
    assert "Probability of cancer" in dumped.stdout
    assert dcmread(BytesIO(path.read_bytes())).PatientID == "P-7"
