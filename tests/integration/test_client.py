"""The client against the real application, served."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.access.roles import Permission, Role
from service.errors import NotAllowed, NotHere, NotInThisState, NotSignedIn, NotUnderstood
from service.storage.ledger.ledger import Ledger
from service.storage.store.memory import MemoryStore
from service.study.assessment import Verdict
from service.study.model import Priority
from service.study.state import StudyState
from service.worklist.client import Client, Listing, StudyChanged
from service.worklist.reading import read_study
from tests.integration.room import Room, served
from tests.unit.worklist import reading_room
from tests.unit.worklist.access.people import PASSWORD, account, token
from tests.unit.worklist.builders import Seed

PNG = b"\x89PNG"


@dataclass(frozen=True)
class Behind:
    """A worklist on which everybody has to sign in or show a token."""

    room: Room

    def client(self, *scopes: Permission) -> Client:
        header = token(self.room.ledger, *scopes)["Authorization"] if scopes else ""
        return Client(self.room.url, token=header.removeprefix("Bearer "))


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    ledger, store = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite3"), MemoryStore()
    ledger.upgrade()
    studies = reading_room.fill(ledger, store)
    with served(ledger, store, sign_in="always") as url:
        yield Behind(Room(url, ledger, store, studies))
    ledger.close()


def test_everything_that_can_be_read_is_read(behind: Behind) -> None:
    studies = behind.room.studies
    scored = studies["two breasts"]
    with behind.client(Permission.STUDIES, Permission.PATIENTS, Permission.BADGES) as client:
        found = list(client.studies(Listing(limit=2)))
        assert [entry.study_instance_uid for entry in found] == [
            seed.uid for seed in reversed(studies.values())
        ]
        failed = list(client.studies(Listing(state=StudyState.FAILED)))
        assert {entry.state for entry in failed} == {StudyState.FAILED}
        assert client.page().counts[StudyState.FAILED] == len(failed)

        assert client.study(scored.uid) == read_study(behind.room.ledger, scored.uid, research=True)
        assert client.heatmap(scored.uid, scored.image_uid(1)).startswith(PNG)
        small = client.heatmap(scored.uid, scored.image_uid(1), size="thumbnail", classifier="us-mass")
        assert small.startswith(PNG)
        uid = f"{scored.uid}.9.1.1"
        stored = scored.store.get(f"objects/{scored.uid}/{uid}.dcm")
        assert client.result_object(scored.uid, uid) == stored

        (badge,) = client.badges([scored.uid, *(f"1.2.{n}" for n in range(150))])
        assert (badge.study_instance_uid, badge.category) == (scored.uid, "4C")


def test_actions_are_done_and_told(behind: Behind) -> None:
    studies, ledger = behind.room.studies, behind.room.ledger
    with behind.client(Permission.STUDIES, Permission.ACT, Permission.ASSESS) as client:
        assert "before routine studies" in client.make_urgent(studies["receiving"].uid)
        assert client.study(studies["receiving"].uid).entry.priority is Priority.URGENT
        assert "routed again" in client.retry(studies["failed"].uid)
        assert client.study(studies["failed"].uid).entry.state is StudyState.ASSEMBLED
        assert client.send_again(studies["negative"].uid)
        assert client.assess(studies["two breasts"].uid, "us-mass", 1, Verdict.REJECTED, comment="motion")
    detail = read_study(ledger, studies["two breasts"].uid, research=True)
    assert detail is not None
    (classifier,) = detail.entry.classifiers
    assert classifier.assessment is not None
    assert (classifier.assessment.verdict, classifier.assessment.comment) == (Verdict.REJECTED, "motion")


def test_refusals_carry_the_servers_sentence(behind: Behind) -> None:
    queued, scored = behind.room.studies["queued"], behind.room.studies["two breasts"]
    with behind.client() as nobody, pytest.raises(NotSignedIn, match="a program shows a token"):
        nobody.page()
    with behind.client(Permission.STUDIES) as reader:
        with pytest.raises(NotAllowed, match="lacks the scope studies:act"):
            reader.retry(queued.uid)
        with pytest.raises(NotHere, match="No image of the study"):
            reader.study("1.2.3")
        with pytest.raises(NotAllowed, match="cannot search"):
            reader.page(Listing(q="okafor"))
    with behind.client(Permission.ACT, Permission.ASSESS) as client:
        with pytest.raises(NotInThisState, match="queued"):
            client.retry(queued.uid)
        with pytest.raises(NotUnderstood, match="give a category with 'modified'"):
            client.assess(scored.uid, "us-mass", 1, Verdict.MODIFIED)


def test_a_person_signs_in_acts_and_signs_out(behind: Behind) -> None:
    account(behind.room.ledger, "anna", Role.RADIOLOGIST)
    with behind.client() as client:
        with pytest.raises(NotSignedIn, match="do not go together"):
            client.sign_in("anna", "wrong")
        client.sign_in("anna", PASSWORD)
        assert client.make_urgent(behind.room.studies["receiving"].uid)
        assert len(client.badges([behind.room.studies["queued"].uid])) == 1
        client.sign_out()
        with pytest.raises(NotSignedIn):
            client.page()


def test_changes_are_told_as_they_happen(behind: Behind) -> None:
    seed: Seed = behind.room.studies["receiving"]
    with behind.client(Permission.STUDIES) as client, client.events() as changes:
        # The server begins to look when the page is open; a change of just that moment may be passed over.
        told = _changed_until_told(seed, changes)
    assert told.study_instance_uid == seed.uid
    assert told.fingerprint


def _changed_until_told(seed: Seed, changes: Iterator[StudyChanged]) -> StudyChanged:
    stop = threading.Event()

    def change() -> None:
        image = 10
        while not stop.wait(0.3):
            seed.late_image(image)
            image += 1

    changing = threading.Thread(target=change)
    changing.start()
    try:
        return next(changes)
    finally:
        stop.set()
        changing.join()


def test_what_has_not_changed_is_not_sent_again(behind: Behind) -> None:
    seed = behind.room.studies["receiving"]
    with behind.client(Permission.STUDIES) as client:
        before = client.study(seed.uid)
        assert client.study(seed.uid) == before
        seed.late_image(7)
        assert client.study(seed.uid).entry.instance_count == before.entry.instance_count + 1
