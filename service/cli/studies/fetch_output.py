"""What `preread fetch` prints."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydicom.uid import UID
from rich.markup import escape
from rich.table import Table

from service.fetch.fetcher import Fetched
from service.fetch.found import FoundStudy


def table(studies: Sequence[FoundStudy]) -> Table:
    """Studies that match. No names: whoever asks knows them, whoever looks on should not."""
    listed = Table("date", "accession", "modality", "instances", "description", "Study Instance UID")
    listed.columns[-1].overflow = "fold"
    for study in studies:
        header = study.header
        count = "" if study.instance_count is None else str(study.instance_count)
        cells = (
            header.study_date,
            header.accession_number,
            "/".join(header.modalities),
            count,
            header.study_description,
            study.study_instance_uid,
        )
        listed.add_row(*map(escape, cells))
    return listed


def sentence(outcome: Fetched) -> str:
    """What became of one study."""
    total = len(outcome.expected | outcome.received)
    said = [f"{len(outcome.received)} of {total} instances of study {outcome.study_instance_uid} received"]
    for reason, count in Counter(outcome.refused.values()).items():
        said.append(f"{count} refused: {reason}")
    if outcome.missing:
        said.append(f"{len(outcome.missing)} did not come")
    said += outcome.problems
    for sop_class_uid, count in outcome.left_out.items():
        said.append(f"left out: {count} of {_class_name(sop_class_uid)}, which Preread does not store")
    if not outcome.is_complete and outcome.expected:
        said.append("fetch again once that is put right: what is here already stays")
    return escape("; ".join(said))


def as_json(outcome: Fetched) -> dict[str, Any]:
    """The same for machines."""
    return {
        "study_instance_uid": outcome.study_instance_uid,
        "complete": outcome.is_complete,
        "expected": len(outcome.expected),
        "received": len(outcome.received),
        "refused": outcome.refused,
        "missing": sorted(outcome.missing),
        "left_out": outcome.left_out,
        "problems": list(outcome.problems),
    }


def study_as_json(study: FoundStudy) -> dict[str, Any]:
    """A study that matches, for machines."""
    return {
        "study_instance_uid": study.study_instance_uid,
        "accession_number": study.header.accession_number,
        "patient_id": study.header.patient_id,
        "study_date": study.header.study_date,
        "study_description": study.header.study_description,
        "modalities": list(study.header.modalities),
        "instances": study.instance_count,
    }


def _class_name(sop_class_uid: str) -> str:
    return UID(sop_class_uid).name if sop_class_uid else "an unknown SOP Class"
