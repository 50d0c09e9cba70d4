"""One planned study as its images: every UID comes from the seed and the study's number in the plan."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from service.cli.simulate.header import ROUTINE, URGENT, Names
from service.cli.simulate.plan import PlannedStudy
from service.cli.simulate.template import Sendable, Template, new_uid


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """`images` in the order in which they are sent. They are made one by one, when they are asked for."""

    planned: PlannedStudy
    uid: str
    names: tuple[Names, ...]
    templates: tuple[Template, ...]

    def image(self, index: int) -> Sendable:
        """The image at `index`, with the fault that the study is planned to have."""
        template, names = self.templates[index], self.names[index]
        if index == 0 and self.planned.misbehaviour == "truncated":
            return template.truncated(names)
        if index == 0 and self.planned.misbehaviour == "wrong_syntax":
            return template.in_wrong_syntax(names)
        return template.named(names)


def simulated(planned: PlannedStudy, templates: Sequence[Template], seed: str) -> SimulatedStudy:
    """The study of the plan. The same seed gives the same UIDs."""
    rng = random.Random(f"{seed}/uids/{planned.number}")
    uid = new_uid(rng)
    patient_id = f"SIMULATED-{rng.randrange(10**6):06d}"
    accession_number = f"SIM-{rng.randrange(10**10):010d}"
    used = tuple(templates[index % len(templates)] for index in range(planned.images))
    series = {side: new_uid(rng) for side in sorted({template.side for template in used})}
    names = tuple(
        Names(
            study=uid,
            series=series[template.side],
            instance=new_uid(rng),
            patient_id=patient_id,
            accession_number=accession_number,
            instance_number=f"{index:010d}",
            priority=URGENT if planned.urgent else ROUTINE,
        )
        for index, template in enumerate(used, start=1)
    )
    return SimulatedStudy(planned, uid, names, used)
