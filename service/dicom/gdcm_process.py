"""A process that decodes one frame with GDCM: a DICOM dataset on standard input, an .npy on standard output.

Run by `service.dicom.decoders`, which says why.
"""

import io
import sys

import numpy as np
from pydicom import dcmread
from pydicom.pixels import iter_pixels


def main() -> None:
    """Decode what comes in; ends with a traceback or a signal where that is not possible."""
    ds = dcmread(io.BytesIO(sys.stdin.buffer.read()), force=True)
    buffer = io.BytesIO()
    np.save(buffer, next(iter_pixels(ds, decoding_plugin="gdcm")))
    sys.stdout.buffer.write(buffer.getvalue())


if __name__ == "__main__":
    main()
