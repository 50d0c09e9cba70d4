"""Result objects over DICOMweb, asked for by a client that is not ours."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from tests.integration.room import Room, served_room

Site = tuple[DICOMwebClient, Room]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served_room(tmp_path_factory.mktemp("room")) as room:
        yield DICOMwebClient(url=f"{room.url}/dicom-web"), room


def test_studies_are_searched_page_by_page(site: Site) -> None:
    client, room = site
    with_results = [
        room.studies[name].uid for name in ("two breasts", "reopened", "cine", "negative", "rejected")
    ]

    pages = [client.search_for_studies(limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    found = [Dataset.from_json(one) for page in pages for one in page]
    assert sorted(one.StudyInstanceUID for one in found) == sorted(with_results)
    (wang,) = client.search_for_studies(search_filters={"PatientName": "wang*"}, fields=["StudyDescription"])
    study = Dataset.from_json(wang)
    assert str(study.PatientName) == "Wang^XiaoDong=王^小东"
    assert study.StudyDescription == "US breast bilateral"
    assert study.NumberOfStudyRelatedInstances == 3


def test_series_and_instances_are_found_and_retrieved(site: Site) -> None:
    client, room = site
    seed = room.studies["two breasts"]

    (series,) = client.search_for_series(seed.uid)
    uid = Dataset.from_json(series).SeriesInstanceUID
    instances = client.search_for_instances(
        seed.uid, uid, search_filters={"SOPClassUID": SecondaryCaptureImageStorage}, limit=1
    )
    (instance,) = [Dataset.from_json(one) for one in instances]
    retrieved = client.retrieve_instance(seed.uid, uid, instance.SOPInstanceUID)

    stored = seed.store.get(f"objects/{seed.uid}/{instance.SOPInstanceUID}.dcm")
    assert retrieved == dcmread(BytesIO(stored))
    assert (instance.Rows, instance.Columns) == (retrieved.Rows, retrieved.Columns)


def test_heatmaps_are_seen(site: Site) -> None:
    client, room = site
    seed = room.studies["negative"]

    for media_type, form in (("image/png", "PNG"), ("image/jpeg", "JPEG")):
        data = client.retrieve_instance_rendered(
            seed.uid, f"{seed.uid}.9", f"{seed.uid}.9.1.1", media_types=(media_type,)
        )
        with Image.open(BytesIO(data)) as picture:
            assert (picture.format, picture.size) == (form, (640, 480))


def test_nothing_is_found_where_there_is_nothing(site: Site) -> None:
    client, room = site
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    assert client.search_for_instances(room.studies["queued"].uid) == []
