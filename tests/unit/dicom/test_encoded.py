import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from service.dicom.encoded import read_encoded, referenced_instances, sequence_items
from service.dicom.values import text
from service.errors import NotDicom
from tests.fakes.datasets import EXPLICIT_VR_LE, IMPLICIT_VR_LE, US_IMAGE, encoded
from tests.fakes.modality import commitment_request, step_begins

SYNTAXES = [IMPLICIT_VR_LE, EXPLICIT_VR_LE]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_dataset_is_read_as_it_was_sent(syntax: str) -> None:
    ds = read_encoded(encoded(step_begins("1.2.3"), syntax), syntax)
    assert text(ds, "PerformedProcedureStepStatus") == "IN PROGRESS"
    (scheduled,) = sequence_items(ds, "ScheduledStepAttributesSequence")
    assert text(scheduled, "StudyInstanceUID") == "1.2.3"


def test_no_bytes_are_an_empty_dataset() -> None:
    assert len(read_encoded(b"", IMPLICIT_VR_LE)) == 0


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_dataset_that_is_cut_off_anywhere_is_refused_or_ends_before_an_element(syntax: str) -> None:
    whole = Dataset()
    whole.TransactionUID = "1.2.3"
    whole.PatientID = "4711"
    data = encoded(whole, syntax)
    read = []
    for end in range(1, len(data)):
        try:
            read.append(len(read_encoded(data[:end], syntax)))
        except NotDicom:
            continue
    assert read == [1]


@given(data=st.binary(max_size=300), syntax=st.sampled_from(SYNTAXES))
@settings(max_examples=300, deadline=None)
def test_garbage_is_read_or_refused_and_never_anything_else(data: bytes, syntax: str) -> None:
    try:
        ds = read_encoded(data, syntax)
    except NotDicom:
        return
    sequence_items(ds, "ReferencedSOPSequence")


@given(at=st.integers(0, 120), junk=st.binary(min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_damaged_references_name_instances_or_are_refused(at: int, junk: bytes) -> None:
    data = encoded(commitment_request([(US_IMAGE, "1.5.1"), (US_IMAGE, "1.5.2")]))
    damaged = data[:at] + junk + data[at + len(junk) :]
    try:
        pairs = referenced_instances(read_encoded(damaged, EXPLICIT_VR_LE), "ReferencedSOPSequence")
    except NotDicom:
        return
    assert len(pairs) <= 2


def test_nesting_without_end_is_refused_or_read() -> None:
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    opening = b"\x08\x00\x99\x11\xff\xff\xff\xff" + item
    with pytest.raises(NotDicom):
        read_encoded(opening * 5000, IMPLICIT_VR_LE)
