"""One round: studies under steady load, a fault in the midst of it, and what became of them."""

import random
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import httpx

from service.errors import LedgerUnavailable
from service.study.state import StudyState
from tests.faults.entered import entered_at, story_of
from tests.faults.held import held_by
from tests.faults.kinds.fault import Fault
from tests.faults.outcome import Outcome
from tests.faults.plan import Round
from tests.faults.scanner import Scanners
from tests.faults.seen import Entered, Held
from tests.faults.site import Site
from tests.faults.studies import SmallStudy, small_study
from tests.faults.verdict import Judgement, Verdict, judge

LEAD_S = (0.5, 5.0)
"""From the first study to the fault: long enough for it to have got as far as anywhere."""
CALM_S = 2.0
"""How long a round without a fault is."""
POLL_S = 0.3
NOT_YET = {Verdict.LOST, Verdict.STUCK}


class Rounds:
    """Plays rounds at one site, each with so many `studies`; what is not well after `limit_s` is stuck."""

    def __init__(
        self, site: Site, scanners: Scanners, faults: Mapping[str, Fault], studies: int, limit_s: float
    ) -> None:
        self._site, self._scanners, self._faults = site, scanners, faults
        self._studies, self._limit_s = studies, limit_s

    def play(self, one: Round) -> tuple[Outcome, list[SmallStudy]]:
        """Bring the faults in, end them, wait until everything is well again or time is up, and judge."""
        rng = random.Random(one.seed)
        sent = [small_study(rng) for _ in range(self._studies)]
        began_s = self._break([self._faults[name] for name in one.faults], sent, rng)
        judgements = self._settle(sent)
        took_s = time.monotonic() - began_s
        restarts = self._revive()
        complete = [study for study in sent if len(self._scanners.acknowledged(study)) == len(study.images)]
        outcome = Outcome(self._site.set_up, one, judgements, len(complete), took_s, restarts)
        self._tell(outcome)
        return outcome, sent

    def judge_again(self, outcome: Outcome, sent: Sequence[SmallStudy]) -> None:
        """At the end of a run: what came late, a second report above all, counts too."""
        for uid, judgement in self._judge(sent).items():
            if outcome.judgements[uid].verdict is Verdict.ONCE:
                outcome.judgements[uid] = judgement
        self._tell(outcome)

    def _break(self, faults: Sequence[Fault], sent: Sequence[SmallStudy], rng: random.Random) -> float:
        """Returns the moment at which the faults began to end."""
        lead_s = rng.uniform(*LEAD_S)
        lasts_s = max((rng.uniform(*fault.lasts_s) for fault in faults), default=CALM_S)
        load = threading.Thread(target=self._load, args=(sent, lead_s + lasts_s), daemon=True)
        load.start()
        time.sleep(lead_s)
        begun: list[Fault] = []
        try:
            for fault in faults:
                begun.append(fault)
                fault.begin(rng)
            time.sleep(lasts_s)
        finally:
            ends_s = time.monotonic()
            # The service is started last: it wants its servers.
            for fault in sorted(begun, key=lambda fault: fault.part == "service"):
                fault.end()
        load.join()
        return ends_s

    def _load(self, sent: Sequence[SmallStudy], within_s: float) -> None:
        """The first study at once, the last one as the fault ends."""
        for number, study in enumerate(sent):
            if number:
                time.sleep(within_s / (len(sent) - 1))
            self._scanners.send(study)

    def _settle(self, sent: Sequence[SmallStudy]) -> dict[str, Judgement]:
        deadline = time.monotonic() + self._limit_s
        while True:
            with suppress(LedgerUnavailable, httpx.HTTPError):
                judgements = self._judge(sent)
                is_over = time.monotonic() > deadline
                if is_over or not any(one.verdict in NOT_YET for one in judgements.values()):
                    return judgements
            time.sleep(POLL_S)

    def _judge(self, sent: Sequence[SmallStudy]) -> dict[str, Judgement]:
        entered = entered_at(self._site, [study.uid for study in sent])
        return {study.uid: self._judge_one(study, entered[study.uid]) for study in sent}

    def _judge_one(self, study: SmallStudy, entered: Entered) -> Judgement:
        acknowledged = {image.uid for image in self._scanners.acknowledged(study)}
        is_ended = entered.state is StudyState.DELIVERED
        held = held_by(self._site.servers.orthanc, study.uid) if is_ended else Held()
        return judge(study, acknowledged, entered, held)

    def _revive(self) -> int:
        """Start the service again if all of it has ended, as nobody should have to. Returns how often."""
        if self._site.preread.is_running:
            return 0
        self._site.preread.start()
        return 1

    def _tell(self, outcome: Outcome) -> None:
        for uid, judgement in outcome.judgements.items():
            if judgement.verdict is not Verdict.ONCE and uid not in outcome.stories:
                with suppress(LedgerUnavailable):
                    outcome.stories[uid] = story_of(self._site, uid)
