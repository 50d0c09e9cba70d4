"""C-STORE statuses with which our own receiver answers what was fetched, and what to do about them."""

SUCCESS = 0x0000
SOP_CLASS_NOT_SUPPORTED = 0x0122
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
WARNINGS = range(0xB000, 0xC000)
"""Stored all the same (PS3.4 table B.2-1)."""
_MEANINGS = {
    0x0110: "Preread failed to process it: its log says why",
    0x0111: "Preread has other bytes under this SOP Instance UID and kept them: see the quarantine",
    0x0122: "Preread does not store its SOP Class in its transfer syntax: see accept.extra_sop_classes",
    0x0124: "Preread does not let us store it: look at accept.peers for our own AE title",
    0xA700: "Preread is out of space or took it for too large: its log says which; then fetch again",
    0xA900: "its dataset is another instance than the PACS said: see the quarantine, ask the PACS",
    0xC000: "its dataset cannot be read as DICOM: see the quarantine, ask the PACS",
}


def explain(status: int) -> str:
    """The meaning of a status (PS3.4 B.2.3, PS3.7 annex C), for a person."""
    return f"{_MEANINGS.get(status, 'Preread refused it: its log says why')} (status 0x{status:04X})"
