"""No patient data in logs: what pynetdicom logs of what it receives."""

import logging

from pynetdicom import _config


def quiet_pynetdicom() -> None:
    """Below warnings pynetdicom and pydicom log what they receive, patient data included."""
    _config.LOG_HANDLER_LEVEL = "none"  # nor spend time on describing each PDU for such a log
    for name in ("pynetdicom", "pydicom"):
        library = logging.getLogger(name)
        library.setLevel(max(library.getEffectiveLevel(), logging.WARNING))
