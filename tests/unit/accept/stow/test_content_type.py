import pytest

from service.accept.stow.content_type import UnsupportedMedia, boundary_of, check_part
from service.net.multipart import BadMultipart


@pytest.mark.parametrize(
    "content_type",
    [
        'multipart/related; type="application/dicom"; boundary=abc',
        'Multipart/Related; boundary="abc"; type=application/dicom',
        'multipart/related;type="application/DICOM";start="<1>";boundary=abc',
    ],
)
def test_boundary_is_found_however_the_header_is_written(content_type: str) -> None:
    assert boundary_of({"content-type": content_type}) == "abc"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/dicom"},
        {"content-type": "multipart/related; boundary=abc"},
        {"content-type": 'multipart/related; type="application/dicom+json"; boundary=abc'},
        {"content-type": 'multipart/related; type="application/dicom+xml"; boundary=abc'},
        {"content-type": 'multipart/form-data; type="application/dicom"; boundary=abc'},
        {
            "content-type": 'multipart/related; type="application/dicom"; boundary=a',
            "content-encoding": "gzip",
        },
    ],
)
def test_other_media_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMedia):
        boundary_of(headers)


@pytest.mark.parametrize("boundary", ["", '""', '"a b "', "a" * 201, '"ä"', "boundary*=utf-8''abc"])
def test_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(BadMultipart):
        boundary_of({"content-type": f'multipart/related; type="application/dicom"; boundary={boundary}'})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "application/dicom"},
        {"content-type": "Application/DICOM; transfer-syntax=1.2.840.10008.1.2.1"},
        {"content-type": "application/dicom", "content-transfer-encoding": "Binary"},
    ],
)
def test_part_with_a_file_is_taken(headers: dict[str, str]) -> None:
    check_part(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "image/jpeg"},
        {"content-type": "application/dicom+json"},
        {"content-type": "application/dicom", "content-transfer-encoding": "base64"},
    ],
)
def test_part_with_something_else_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(UnsupportedMedia):
        check_part(headers)
