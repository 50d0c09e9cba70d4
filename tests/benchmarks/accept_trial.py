"""One receiver gets the objects of one case: sent and timed, waited for until stored, cleared."""

import os
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.accept_cases import Case
from tests.benchmarks.accept_objects import Objects
from tests.benchmarks.harness.rounds import Timed
from tests.benchmarks.receivers.port import DCMTK_ENVIRONMENT, Receiver
from tests.servers.process import HOST

GRACE_S = 60.0
"""Longest wait, after the last acknowledgement, for what a receiver does later."""
_LOOK_S = 0.002


class Trial:
    """A side for `interleaved`. `settled_s` gets, per call, the time from the start until all is stored."""

    def __init__(self, storescu: Path, receiver: Receiver, case: Case, objects: Objects) -> None:
        self.settled_s: list[float] = []
        self._storescu = storescu
        self._receiver = receiver
        self._case = case
        self._objects = objects
        self._where = f"{receiver.name}, {case.title}"

    def __call__(self) -> Timed:
        """Send everything once. Raises RuntimeError when an instance is refused or lost."""
        self._objects.renew()
        # Whatever others left to be written must not be written at this receiver's expense.
        os.sync()
        start_s = time.perf_counter()
        seconds = self._send()
        self._wait_until_stored()
        self.settled_s.append(time.perf_counter() - start_s)
        self._receiver.clear(self._objects.study_instance_uid)
        return Timed(seconds)

    def _send(self) -> float:
        files, associations = self._objects.files, self._case.associations
        if self._case.one_by_one:
            return statistics.median(self._send_shares([[file]]) for file in files)
        return self._send_shares([files[number::associations] for number in range(associations)])

    def _send_shares(self, shares: Sequence[Sequence[Path]]) -> float:
        """Seconds from the start of the first sender to the end of the last."""
        start_s = time.perf_counter()
        senders = [self._start_sender(share) for share in shares]
        outputs = [sender.communicate()[0] for sender in senders]
        seconds = time.perf_counter() - start_s
        for sender, output in zip(senders, outputs, strict=True):
            if sender.returncode != 0:
                raise RuntimeError(f"{self._where}: storescu ended with {sender.returncode}: {output}")
        return seconds

    def _start_sender(self, files: Sequence[Path]) -> subprocess.Popen[str]:
        receiver = self._receiver
        return subprocess.Popen(
            [str(self._storescu), "-aec", receiver.ae_title, HOST, str(receiver.port), *map(str, files)],
            env={**os.environ, **DCMTK_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _wait_until_stored(self) -> None:
        deadline_s = time.perf_counter() + GRACE_S
        wanted = len(self._objects.files)
        while (stored := self._receiver.stored(self._objects.study_instance_uid)) != wanted:
            if time.perf_counter() > deadline_s:
                raise RuntimeError(
                    f"{self._where}: {stored} of {wanted} instances are stored "
                    f"{GRACE_S:.0f} s after the last one was acknowledged"
                )
            time.sleep(_LOOK_S)
