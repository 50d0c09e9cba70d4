from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from tests.benchmarks.accept_objects import CT, US, Kind, Objects, multi_frame


def uids(objects: Objects) -> set[str]:
    found = set()
    for path in objects.files:
        ds = pydicom.dcmread(path)
        assert ds.file_meta.MediaStorageSOPInstanceUID == ds.SOPInstanceUID
        found |= {ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.SOPInstanceUID}
    return found


def test_renewed_objects_share_no_uid_with_the_earlier_ones(tmp_path: Path) -> None:
    objects = Objects.draw(replace(CT, shape=(8, 8)), 3, tmp_path / "drawn")
    before = uids(objects)

    objects.renew()

    after = uids(objects)
    assert len(before) == len(after) == 3 + 2
    assert not before & after
    assert objects.study_instance_uid in after
    assert all(pydicom.uid.UID(uid).is_valid for uid in after)


@pytest.mark.parametrize("kind", [CT, US, multi_frame(3)], ids=lambda kind: kind.name)
def test_drawn_pixels_have_the_size_that_is_said(kind: Kind, tmp_path: Path) -> None:
    objects = Objects.draw(replace(kind, shape=(8, 8)), 1, tmp_path / "drawn")

    ds = pydicom.dcmread(objects.files[0])
    assert len(ds.PixelData) == replace(kind, shape=(8, 8)).pixel_bytes
    assert ds.pixel_array.size == ds.pixel_array.nbytes * 8 // kind.bits
    assert objects.size_bytes > len(ds.PixelData)
