"""Statuses of C-FIND, C-GET and C-MOVE, and what to do about them (PS3.4 C.4.1 to C.4.3)."""

SUCCESS = 0x0000
PENDING = (0xFF00, 0xFF01)
OUT_OF_RESOURCES = range(0xA700, 0xA800)
WARNING = 0xB000
"""Some sub-operations failed."""
_MEANINGS = {
    0x0122: "it does not offer this service: look at its conformance statement",
    0x0124: "we are not authorized: allow our AE title there",
    0xA700: "it is out of resources: try again later",
    0xA701: "it is out of resources and cannot count matches: try again later",
    0xA702: "it is out of resources and cannot send: try again later",
    0xA801: "it does not know the move destination: enter our AE title with host and port there",
    0xA900: "it finds that the query does not match the information model",
    0xB000: "it could not send all instances",
    0xFE00: "it was cancelled there",
}


def describe(status: int) -> str:
    """The meaning of a status, for a person."""
    return f"{_MEANINGS.get(status, 'it could not process the request: its log says why')} (0x{status:04X})"
