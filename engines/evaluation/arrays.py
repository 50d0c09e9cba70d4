"""Arrays that evaluation works on."""

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
"""One per image; higher speaks for malignant."""
Labels = NDArray[np.int64]
"""0 benign, 1 malignant."""
