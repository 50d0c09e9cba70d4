"""Who wrote a file or proposes an association (PS3.7 D.3.3.2): the same in every file and on every wire."""

IMPLEMENTATION_CLASS_UID = "2.25.213758505521574030878593323690662499456"
"""Implementation Class UID (0002,0012)."""
IMPLEMENTATION_VERSION_NAME = "PREREAD_0_1_0"
"""Implementation Version Name (0002,0013), at most 16 characters."""
