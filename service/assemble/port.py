"""What the assembler asks of a PACS."""

from typing import Protocol

from service.study.model import Study


class PacsCounter(Protocol):
    """Counts the instances of a study in a PACS, as by C-FIND or QIDO-RS."""

    def count_in_pacs(self, study: Study) -> int | None:
        """Instances of the study there, without the result objects that Preread itself has sent.

        None where the PACS does not know the study, or does not tell. Waits a few seconds at most: other
        studies wait meanwhile. Raises PeerUnavailable when it does not answer.
        """
        ...
