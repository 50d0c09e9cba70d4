import logging

import pytest

from service.dicom.header import read_header
from service.dicom.values import text
from tests.unit.dicom.builders import part10, ultrasound


def test_odd_values_are_neither_warned_about_nor_logged(caplog: pytest.LogCaptureFixture) -> None:
    data = part10(ultrasound(PatientBirthDate="born in 1970", PatientID="P" * 80, SpecificCharacterSet="?"))

    with caplog.at_level(logging.DEBUG):
        ds = read_header(data)
        found = (text(ds, "PatientBirthDate"), text(ds, "PatientID"))

    assert found == ("born in 1970", "P" * 80)
    assert not caplog.records
