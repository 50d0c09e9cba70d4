import warnings

import pytest

from service.dicom.quiet import quiet


def test_warnings_are_ignored_inside_only() -> None:
    with quiet():
        warnings.warn("quotes a patient's name", UserWarning, stacklevel=1)

    with pytest.warns(UserWarning, match="as before"):
        warnings.warn("as before", UserWarning, stacklevel=1)


def test_the_first_to_leave_does_not_end_the_silence_of_others() -> None:
    # Two threads' blocks overlap without one being inside the other.
    before = list(warnings.filters)
    first, second = quiet(), quiet()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    warnings.warn("quotes a patient's name", UserWarning, stacklevel=1)
    second.__exit__(None, None, None)

    assert list(warnings.filters) == before


def test_the_silence_ends_with_an_error() -> None:
    before = list(warnings.filters)

    with pytest.raises(ValueError, match="damaged"), quiet():
        raise ValueError("damaged")

    assert list(warnings.filters) == before
