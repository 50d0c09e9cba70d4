"""A morning's list: one study for each thing that the worklist has to show."""

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.tables.deliveries import DeliveryState
from service.storage.store.memory import MemoryStore
from service.study.result import ImageRefusal
from service.study.state import StudyEvent
from tests.unit.worklist.builders import DOPPLER, Seed


def fill(ledger: Ledger, store: MemoryStore) -> dict[str, Seed]:
    """The studies by what they are, oldest first."""
    return {
        "failed": failed(Seed(ledger, store, 1)),
        "rejected": rejected(Seed(ledger, store, 2)),
        "not analysed": not_analysed(Seed(ledger, store, 3)),
        "negative": negative(Seed(ledger, store, 4)),
        "cine": cine(Seed(ledger, store, 5)),
        "reopened": reopened(Seed(ledger, store, 6)),
        "two breasts": two_breasts(Seed(ledger, store, 7)),
        "queued": queued(Seed(ledger, store, 8)),
        "receiving": receiving(Seed(ledger, store, 9)),
    }


def positive(seed: Seed) -> Seed:
    seed.receive(patient_name="Okafor^Grace^N")
    refused = (ImageRefusal(seed.image_uid(2), DOPPLER),)
    return seed.delivered(seed.score(1, 0.873, "L"), refusals=refused)


def early(seed: Seed) -> Seed:
    seed.receive()
    with seed.ledger.begin() as tx:
        tx.analyses.queue(seed.uid, 1, "us-mass", ("pacs",), ("1.2",), early=True)
    seed.analyse(seed.score(1, 0.873, "L"))
    return seed.move(StudyEvent.SERIES_COMPLETE, "series complete: all 64 images are here")


def negative(seed: Seed) -> Seed:
    seed.receive(
        minutes_ago=94, patient_name="Lindqvist^Åsa", study_time="081204", study_description="US breast right"
    )
    return seed.delivered(seed.score(1, 0.041, "R"), seed.score(2, 0.012, "R"))


def two_breasts(seed: Seed) -> Seed:
    seed.receive(
        images=3,
        minutes_ago=12,
        priority="urgent",
        patient_name="Wang^XiaoDong=王^小东",
        patient_birth_date="19590730",
        study_time="0934",
    )
    scores = (seed.score(1, 0.182, "R"), seed.score(2, 0.873, "L"))
    return seed.delivered(*scores, refusals=(ImageRefusal(seed.image_uid(3), DOPPLER),))


def cine(seed: Seed) -> Seed:
    seed.receive(
        images=1,
        minutes_ago=58,
        patient_name="Yamada^Tarou=山田^太郎=やまだ^たろう",
        study_description="US breast left, cine",
        patient_sex="M",
        study_time="0852",
    )
    return seed.delivered(seed.score(1, 0.334, "L", frame=7), seed.score(1, 0.221, "L", frame=23))


def not_analysed(seed: Seed) -> Seed:
    seed.receive(
        minutes_ago=131, patient_name="Moreau^Claire", study_description="US axilla", study_time="0741"
    )
    seed.queue().analyse(refusals=tuple(ImageRefusal(seed.image_uid(n), DOPPLER) for n in (1, 2)))
    return seed.move(StudyEvent.EVERYTHING_REFUSED, f"us-mass: not analysed because {DOPPLER} (2 images)")


def receiving(seed: Seed) -> Seed:
    return seed.receive(images=4, minutes_ago=0, patient_name="Haddad^Leïla", study_time="0959")


def queued(seed: Seed) -> Seed:
    return seed.receive(
        minutes_ago=3, priority="urgent", patient_name="Novák^Jana", study_description="", study_time="0952"
    ).queue()


def failed(seed: Seed) -> Seed:
    seed.receive(
        minutes_ago=60 * 26, patient_name="", patient_id="", study_date="20261120", study_time="0805"
    )
    seed.queue()
    reason = "us-mass: failed: this worker has no classifier us-mass; it has: us-lesion"
    return seed.move(StudyEvent.GAVE_UP, reason)


def give_up(seed: Seed, reason: str) -> None:
    """As `consume` does with what nobody tries again by himself."""
    with seed.ledger.begin() as tx:
        tx.leases.bury(tx.leases.take(seed.uid, seed.revision, "inference.us-mass"), reason)


def rejected(seed: Seed) -> Seed:
    seed.receive(minutes_ago=190, patient_name="Abebe^Tsehay", study_time="0702")
    scores = (seed.score(1, 0.557, "R"),)
    seed.queue().analyse(*scores).report(*scores)
    return seed.deliver(
        DeliveryState.REJECTED, "the PACS finds that the dataset does not match its SOP Class (status 0xA900)"
    )


def reopened(seed: Seed) -> Seed:
    """Scored, then one more image came: the earlier score must stay in sight."""
    seed.receive(images=1, minutes_ago=34, patient_name="Dlamini^Nomsa", study_time="0918")
    seed.delivered(seed.score(1, 0.612, "L"))
    return seed.late_image(2)
