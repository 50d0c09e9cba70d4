"""What the benchmark asks of a receiver."""

import os
import sys
from typing import Protocol

PREREAD, UNSYNCED = "Preread", "Preread, syncing off"
PREREAD_BY_PYNETDICOM = "Preread by pynetdicom"
STORESCP, STORESCP_BITS = "storescp", "storescp +B"
"""The second one with the option that keeps the sender's bytes as they are, as Preread does."""
ORTHANC, PYNETDICOM = "Orthanc", "pynetdicom"

PYTHON_ENVIRONMENT = {"PYTHONPATH": os.pathsep.join(sys.path)}
"""For receivers in Python that run in a folder of their own."""
DCMTK_ENVIRONMENT = {"TCP_NODELAY": "1"}
"""DCMTK, and Orthanc with it, otherwise waits about 40 ms for a delayed acknowledgement per instance."""


class Receiver(Protocol):
    """A C-STORE SCP in processes of its own, with what it has received in a folder of its own."""

    @property
    def name(self) -> str:
        """As results call it."""
        ...

    @property
    def ae_title(self) -> str:
        """Its AE title."""
        ...

    @property
    def port(self) -> int:
        """Where it listens."""
        ...

    @property
    def pid(self) -> int:
        """The process that leads its process group."""
        ...

    def start(self) -> None:
        """Return once it listens. Raises RuntimeError, with its log, when it does not."""
        ...

    def stop(self) -> None:
        """End it."""
        ...

    def stored(self, study_instance_uid: str) -> int:
        """How many instances of the study it holds where it keeps them for good.

        All receivers but Preread are given one study at a time, and count everything that they hold.
        """
        ...

    def clear(self, study_instance_uid: str) -> None:
        """Give the study's disk space back, once all of it is stored."""
        ...
