import random
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset

from service.cli.simulate.picture import US_NUMBERS
from service.cli.simulate.plan import planned
from service.cli.simulate.scenario import Scanner
from service.cli.simulate.study import SimulatedStudy, simulated
from service.cli.simulate.template import Sendable, drawn, new_uid
from tests.unit.cli.simulate.builders import scanner, scenario

KINDS = [
    scanner(),
    scanner(frames=3),
    scanner(modality="MR"),
    scanner(modality="MG", rows=256, columns=192, pictures=4),
    *[scanner(compression=one) for one in ("implicit", "jpeg", "jpeg-ls", "jpeg-2000", "rle")],
]


def first_study(kind: dict[str, Any], seed: str = "1") -> SimulatedStudy:
    plan = planned(scenario(kind | {"images": (4, 4)}, hours=0.01), seed)
    return simulated(plan[0], drawn(Scanner(**kind)), seed)


def read(image: Sendable) -> Dataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = image.transfer_syntax_uid
    meta.MediaStorageSOPClassUID = image.sop_class_uid
    meta.MediaStorageSOPInstanceUID = image.sop_instance_uid
    buffer = BytesIO()
    buffer.write(b"\0" * 128 + b"DICM")
    from pydicom.filewriter import write_file_meta_info

    write_file_meta_info(buffer, meta)
    buffer.write(image.data)
    buffer.seek(0)
    return dcmread(buffer)


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: f"{one['modality']}-{one.get('compression', 'none')}")
def test_images_can_be_decoded_and_say_that_they_are_of_nobody(kind: dict[str, Any]) -> None:
    study = first_study(kind)
    for index in range(4):
        ds = read(study.image(index))
        assert "SIMULATED" in str(ds.PatientName)
        assert ds.PatientID.startswith("SIMULATED-")
        assert ds.AccessionNumber.startswith("SIM-")
        assert (ds.PatientBirthDate, ds.InstitutionName) == ("", "SIMULATED")
        assert ds.StudyInstanceUID == study.uid
        assert ds.InstanceNumber == index + 1
        assert ds.pixel_array.size >= kind["rows"] * kind["columns"]


def test_pixels_survive_what_is_lossless() -> None:
    plain, packed = (read(first_study(scanner(compression=one)).image(0)) for one in ("none", "jpeg-ls"))
    assert np.array_equal(plain.pixel_array, packed.pixel_array)


def test_same_seed_gives_the_same_bytes_and_another_seed_other_uids() -> None:
    one, again, other = first_study(scanner()), first_study(scanner()), first_study(scanner(), "2")
    assert one.image(1) == again.image(1)
    assert one.uid != other.uid


def test_every_image_has_a_uid_of_its_own_and_each_side_a_series() -> None:
    study = first_study(scanner())
    found = [read(study.image(index)) for index in range(4)]
    assert len({ds.SOPInstanceUID for ds in found}) == 4
    assert {(ds.Laterality, ds.SeriesInstanceUID) for ds in found} == {
        (ds.Laterality, ds.SeriesInstanceUID) for ds in found[:2]
    }
    assert len({ds.SeriesInstanceUID for ds in found}) == 2


def test_urgent_study_says_so() -> None:
    assert read(first_study(scanner(urgent=1.0)).image(0)).RequestedProcedurePriority == "STAT"
    assert read(first_study(scanner(urgent=0.0)).image(0)).RequestedProcedurePriority == "ROUTINE"


def test_truncated_image_ends_within_its_pixels() -> None:
    whole = first_study(scanner())
    cut = first_study(scanner(misbehaviour={"truncated": 1.0}))
    assert len(cut.image(0).data) < len(whole.image(0).data)
    assert len(cut.image(1).data) == len(whole.image(1).data)


def test_wrong_syntax_is_one_that_cannot_be_read_as_it_claims() -> None:
    image = first_study(scanner(misbehaviour={"wrong_syntax": 1.0})).image(0)
    assert image.transfer_syntax_uid == first_study(scanner()).image(0).transfer_syntax_uid
    # Group 8, element 5 without the letters CS of an explicit VR behind it.
    assert image.data[:4] == b"\x08\x00\x05\x00"
    assert image.data[4:6] != b"CS"


def test_uids_are_valid_and_of_one_length() -> None:
    rng = random.Random(1)
    found = {new_uid(rng) for _ in range(200)}
    assert {len(one) for one in found} == {44}
    assert all(int(one.removeprefix("2.25.")) < 2**128 for one in found)
    assert len(found) == 200


def test_ultrasound_pictures_differ() -> None:
    assert len(set(US_NUMBERS)) == len(US_NUMBERS)
