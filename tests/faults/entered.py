"""What the ledger says of studies, and what the store holds of them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import pydicom

from service.storage.ledger.ledger import Ledger, Transaction
from tests.faults.seen import Entered
from tests.faults.site import Site


def entered_at(site: Site, study_uids: Iterable[str]) -> dict[str, Entered]:
    """By Study Instance UID. The ledger is opened each time: a crash leaves it to the service to mend."""
    ledger = Ledger(site.ledger_url)
    try:
        with ledger.read() as tx:
            return {uid: _entered(tx, uid, site.data_folder / "store") for uid in study_uids}
    finally:
        ledger.close()


def story_of(site: Site, study_uid: str) -> list[str]:
    """The history of one study, a line for each move."""
    ledger = Ledger(site.ledger_url)
    try:
        with ledger.read() as tx:
            return [
                f"{one.at:%H:%M:%S.%f} {one.revision} {one.event} -> {one.state}: {one.reason}"
                for one in tx.studies.history(study_uid)
            ]
    finally:
        ledger.close()


def _entered(tx: Transaction, study_uid: str, store: Path) -> Entered:
    study = tx.studies.find(study_uid)
    if study is None:
        return Entered()
    instances = tx.instances.of_study(study_uid)
    return Entered(
        study.state,
        study.reason,
        {one.sop_instance_uid: _pixels_digest(store / one.key) for one in instances},
    )


def _pixels_digest(file: Path) -> str:
    """SHA-256; empty where there is no file."""
    if not file.exists():
        return ""
    pixels: bytes = pydicom.dcmread(file).PixelData
    return hashlib.sha256(pixels).hexdigest()
