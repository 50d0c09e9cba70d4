"""A PACS that is away, or that answers badly."""

import random

from tests.faults.kinds.fault import Fault
from tests.faults.scripted_pacs import Behaviour
from tests.faults.site import Site
from tests.servers.orthanc import Orthanc


class PacsDown(Fault):
    """Orthanc is killed; later it is started again on the same data."""

    def __init__(self, orthanc: Orthanc) -> None:
        super().__init__("pacs down", "pacs", (3.0, 8.0))
        self._orthanc = orthanc

    def begin(self, rng: random.Random) -> None:
        self._orthanc.kill()

    def end(self) -> None:
        self._orthanc.start()


class PacsBehaves(Fault):
    """The scripted PACS answers in Orthanc's place."""

    def __init__(self, site: Site, behaviour: Behaviour) -> None:
        super().__init__(f"pacs {_VERBS[behaviour]}", "pacs", (4.0, 10.0))
        self._site, self._behaviour = site, behaviour

    def begin(self, rng: random.Random) -> None:
        self._site.scripted_pacs.behave(self._behaviour)
        self._site.pacs_link.lead_to(self._site.scripted_pacs.dicom_port)

    def end(self) -> None:
        self._site.pacs_link.lead_to(self._site.servers.orthanc.dicom_port)


_VERBS = {
    Behaviour.REFUSE: "refuses",
    Behaviour.WARN: "warns",
    Behaviour.HANG: "hangs",
    Behaviour.FORGET: "forgets",
}
