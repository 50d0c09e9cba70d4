"""Which messages may be on their way at one time, so that those of one study keep their order."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from service.enqueue.port import Envelope

Line = tuple[str, str]
"""Messages of one line stay in order: those of one study in one queue. Between queues order means nothing."""


def line_of(envelope: Envelope) -> Line:
    """The line that a message stands in. One without a study stands alone."""
    study = envelope.body.get("study_instance_uid")
    return envelope.queue, str(study) if study else envelope.message_id


def waves_of(envelopes: Sequence[Envelope]) -> list[list[Envelope]]:
    """The messages in waves: of each line the first in the first wave, the second in the second.

    A wave leaves when the one before is confirmed, so that no message overtakes one that was refused.
    """
    before: Counter[Line] = Counter()
    waves: defaultdict[int, list[Envelope]] = defaultdict(list)
    for envelope in envelopes:
        line = line_of(envelope)
        waves[before[line]].append(envelope)
        before[line] += 1
    return list(waves.values())
