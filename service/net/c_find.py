"""C-FIND of the Study Root model (PS3.4 C.4.1), on an association that is there."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from pydicom.dataset import Dataset

from service.dicom.quiet import quiet
from service.errors import PeerRefused, PeerUnavailable
from service.net.retrieve_status import OUT_OF_RESOURCES, PENDING, SUCCESS, describe

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MAX_MATCHES = 20_000
"""More would be no study, but an archive."""


class Queried(Protocol):
    """An association with who answers C-FIND."""

    assoc: Any
    """Pynetdicom's."""

    def broken(self) -> PeerUnavailable:
        """Why no answer came."""
        ...


def find(
    association: Queried, where: object, level: str, keys: Mapping[str, str], returned: Iterable[str]
) -> list[Dataset]:
    """The matches of `keys` at `level`, each with the attributes `returned`.

    Raises PeerUnavailable when the peer ends the association, or never ends, PeerRefused for a failure.
    """
    matches: list[Dataset] = []
    for status, match in _responses(association, _identifier(level, keys, returned)):
        if "Status" not in status:
            raise association.broken()
        if status.Status in PENDING:
            if match is None or len(matches) >= MAX_MATCHES:
                raise PeerUnavailable(
                    f"{where} answered a C-FIND with a dataset that cannot be read, or with more than "
                    f"{MAX_MATCHES} matches: ask for less"
                )
            matches.append(match)
        elif status.Status != SUCCESS:
            error = PeerUnavailable if status.Status in OUT_OF_RESOURCES else PeerRefused
            raise error(f"{where} did not answer a C-FIND: {describe(status.Status)}")
    return matches


def _responses(association: Queried, identifier: Dataset) -> Any:
    try:
        with quiet():
            yield from association.assoc.send_c_find(identifier, STUDY_ROOT_FIND)
    except RuntimeError:  # pynetdicom's word for an association that has ended meanwhile
        raise association.broken() from None


def _identifier(level: str, keys: Mapping[str, str], returned: Iterable[str]) -> Dataset:
    identifier = Dataset()
    with quiet():  # a value that is longer than its VR allows is asked for as it is
        identifier.QueryRetrieveLevel = level
        if not all(value.isascii() for value in keys.values()):
            identifier.SpecificCharacterSet = "ISO_IR 192"
        for keyword in returned:
            setattr(identifier, keyword, None)
        for keyword, value in keys.items():
            setattr(identifier, keyword, value)
    return identifier
