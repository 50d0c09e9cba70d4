import re
from pathlib import Path

import pytest

from service.storage.ledger.ledger import Ledger
from service.storage.ledger.questions.patient_words import HIDDEN, PatientWords
from service.storage.ledger.questions.study_log import EVENTS, study_log
from service.storage.store.memory import MemoryStore
from service.study.model import StudyHeader
from service.study.state import StudyEvent
from tests.unit.worklist import reading_room
from tests.unit.worklist.builders import Seed

SERVICE = Path(__file__).parents[3] / "service"
NOTED = re.compile(r"\.note\(\s*[\w.]+,\s*(?:\"(\w+)\"|(\w+))")


@pytest.fixture
def seed(ledger: Ledger) -> Seed:
    return Seed(ledger, MemoryStore(), 1)


def lines(seed: Seed) -> list[tuple[str, str, str]]:
    with seed.ledger.read() as tx:
        return [(one.role, one.event, one.text) for one in study_log(tx, seed.uid)]


def test_every_role_tells_what_it_did(seed: Seed) -> None:
    reading_room.positive(seed)
    told = lines(seed)
    for one in (
        ("accept", "images", "received from SCANNER up to here: 2 images in 1 series"),
        ("assemble", "study_complete", "complete: 2 images, none new for 60 s"),
        ("enqueue", "work_queued", "waiting for us-mass (rule breast-ultrasound)"),
        ("enqueue", "analysis_queued", "analysis by us-mass queued, routine"),
        ("infer", "analysis_ended", "analysis by us-mass ended as scored: 1 of 2 images scored"),
        ("report", "object_written", "result object written: us-mass/sr"),
        (
            "send",
            "delivery_delivered",
            "delivery of us-mass/sr to pacs: delivered (proof: c-store status); stored (status 0x0000)",
        ),
        ("send", "all_delivered", "2 objects delivered to pacs"),
    ):
        assert one in told


def test_lines_are_in_order_of_time(seed: Seed) -> None:
    reading_room.positive(seed)
    with seed.ledger.read() as tx:
        moments = [one.at for one in study_log(tx, seed.uid)]
    assert moments == sorted(moments)


@pytest.mark.parametrize(("fill", "role"), [(reading_room.failed, "infer"), (reading_room.rejected, "send")])
def test_the_role_that_gave_up_is_named(seed: Seed, fill: object, role: str) -> None:
    fill(seed)  # type: ignore[operator]
    assert [one[0] for one in lines(seed) if one[1] == StudyEvent.GAVE_UP] == [role]


def test_work_tells_how_often_it_was_begun_and_what_went_wrong(seed: Seed) -> None:
    reading_room.queued(seed)
    with seed.ledger.begin() as tx:
        lease = tx.leases.take(seed.uid, 1, "inference.us-mass")
        tx.leases.release(lease, "out of memory", strike=True)
        lease = tx.leases.take(seed.uid, 1, "inference.us-mass")
        tx.leases.bury(lease, "its worker died, stalled or failed 3 times")
    told = lines(seed)
    assert (
        "infer",
        "work_begun",
        "work inference.us-mass begun here, 2 times so far; it is in nobody's hand now; the last trouble: "
        "its worker died, stalled or failed 3 times",
    ) in told
    assert told[-1] == (
        "infer",
        "work_given_up",
        "work inference.us-mass given up: its worker died, stalled or failed 3 times",
    )


def test_nothing_of_the_patient_is_told(seed: Seed) -> None:
    """A rule may ask for any attribute, and its reason quotes what the header has."""
    seed.receive(patient_name="Müller^Anna-Lena=王^小东", accession_number="A77-1")
    seed.move(StudyEvent.STUDY_COMPLETE, "complete: 2 images, none new for 60 s")
    seed.move(
        StudyEvent.NOTHING_TO_ANALYSE,
        "no rule matches: rule us wants PatientName like DOE*, this study has Müller^Anna-Lena=王^小东; "
        "rule b wants PatientID = 7, this study has MRN20401, 19680214, a77-1, US breast bilateral",
    )
    (told,) = [text for _, event, text in lines(seed) if event == "nothing_to_analyse"]
    assert told == (
        f"no rule matches: rule us wants PatientName like DOE*, this study has {HIDDEN}^{HIDDEN}="
        f"{HIDDEN}^{HIDDEN}; rule b wants PatientID = 7, this study has "
        f"{HIDDEN}, {HIDDEN}, {HIDDEN}, {HIDDEN}"
    )


def test_words_within_words_are_left_alone() -> None:
    words = PatientWords(StudyHeader(patient_name="Li^An", patient_id="1"))
    assert words.out_of("an analysis of Li: 1 line") == f"{HIDDEN} analysis of {HIDDEN}: 1 line"
    assert PatientWords(StudyHeader()).out_of("as it is") == "as it is"


def test_every_event_of_the_history_has_a_role() -> None:
    """An event that is new in the source needs a role here."""
    named = {str(one) for one in StudyEvent}
    constants: dict[str, str] = {}
    sources = [path.read_text(encoding="utf-8") for path in SERVICE.rglob("*.py")]
    for source in sources:
        constants |= dict(re.findall(r'^([A-Z_]+) = "([a-z_]+)"$', source, re.MULTILINE))
        for names, values in re.findall(
            r'^([A-Z_]+, [A-Z_]+) = ("[a-z_]+", "[a-z_]+")$', source, re.MULTILINE
        ):
            local = dict(zip(names.split(", "), re.findall(r"\w+", values), strict=True))
            named |= {local[found[1]] for found in NOTED.findall(source) if found[1] in local}
    for source in sources:
        for literal, name in NOTED.findall(source):
            if literal:
                named.add(literal)
            elif name in constants:
                named.add(constants[name])
    assert named - EVENTS == set()


def test_an_unknown_study_has_no_log(ledger: Ledger) -> None:
    with ledger.read() as tx, pytest.raises(KeyError):
        study_log(tx, "1.2.3")
