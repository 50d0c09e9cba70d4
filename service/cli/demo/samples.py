"""Real ultrasound that is on every machine with Preread: the test files of the pydicom wheel.

They show no breast, so what the service has to say of them is why it did not analyse them.
"""

import pydicom
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

FILE_NAMES = (
    "examples_rgb_color.dcm",  # RGB, uncompressed
    "examples_palette.dcm",  # palette colour
    "examples_jpeg2k.dcm",  # JPEG 2000, of the same study as the first
    "examples_ybr_color.dcm",  # a cine of 30 frames, JPEG
)


def real_ultrasound() -> list[Dataset]:
    """The ultrasound datasets that pydicom has installed, three studies. A file that it lacks is left out."""
    paths = [get_testdata_file(name, download=False) for name in FILE_NAMES]
    return [pydicom.dcmread(path) for path in paths if path is not None]
