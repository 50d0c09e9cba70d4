"""What a person or a program may do, and which role may do what."""

from collections.abc import Collection
from enum import StrEnum


class Permission(StrEnum):
    """What a route asks for. These are the scopes of API tokens, too."""

    STUDIES = "studies:read"
    """See the list and the studies, with states, reasons and scores."""
    PATIENTS = "patients:read"
    """See who the patients are: names, IDs, birth dates, pictures. Without it they are masked."""
    ACT = "studies:act"
    """Make a study urgent, or have it tried again."""
    ASSESS = "results:assess"
    """Accept, modify or reject a result."""
    OPERATIONS = "operations:read"
    """See what waits, how long things take, and whether classifiers drift."""
    BADGES = "badges:read"
    """Look up what there is to say of studies whose UID or accession number is known."""


class Role(StrEnum):
    """Of an account."""

    RADIOLOGIST = "radiologist"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"
    """Whoever looks after the machine without treating patients."""


PERMISSIONS = {
    Role.RADIOLOGIST: frozenset(
        {Permission.STUDIES, Permission.PATIENTS, Permission.ACT, Permission.ASSESS, Permission.BADGES}
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.STUDIES,
            Permission.PATIENTS,
            Permission.ACT,
            Permission.OPERATIONS,
            Permission.BADGES,
        }
    ),
    Role.SERVICE: frozenset({Permission.STUDIES, Permission.PATIENTS, Permission.ACT, Permission.OPERATIONS}),
}
"""Only a radiologist's word counts as an assessment. The settings say whom patients are hidden from."""
EVERYTHING = frozenset(Permission)


def permissions_of(role: Role, masked: Collection[Role]) -> frozenset[Permission]:
    """What a role may do, where patients are hidden from the `masked` ones."""
    return PERMISSIONS[role] - ({Permission.PATIENTS} if role in masked else set())
