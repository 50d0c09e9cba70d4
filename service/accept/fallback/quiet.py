"""No patient data in logs: what pynetdicom logs of what it receives."""

from pynetdicom import _config

from service.net.scu import quiet_libraries


def quiet_pynetdicom() -> None:
    """Below warnings pynetdicom and pydicom log what they receive, patient data included."""
    _config.LOG_HANDLER_LEVEL = "none"  # nor spend time on describing each PDU for such a log
    quiet_libraries()
