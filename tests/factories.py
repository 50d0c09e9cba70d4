"""Builders of domain values for tests: give what matters, the rest is sensible."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from service.study.model import ReceivedInstance
from service.study.result import (
    AnalysedRegion,
    AnalysisResult,
    ClassifierIdentity,
    ImageRefusal,
    ImageScore,
)

STUDY = "1.2.826.0.1.3680043.10.1"
US_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"
EXPLICIT_VR_LE = "1.2.840.10008.1.2.1"
_numbers = count(1)


def received(**values: Any) -> ReceivedInstance:
    """A received instance with a UID of its own."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "study_instance_uid": STUDY,
        "series_instance_uid": f"{STUDY}.1",
        "sop_instance_uid": f"{STUDY}.1.{number}",
        "sop_class_uid": US_IMAGE,
        "transfer_syntax_uid": EXPLICIT_VR_LE,
        "key": f"instances/{number}.dcm",
        "digest": f"{number:064x}",
        "size_bytes": 1000,
        "calling_ae_title": "SCANNER",
        "received_at": datetime.now(UTC),
    }
    return ReceivedInstance(**defaults | values)


def score(**values: Any) -> ImageScore:
    """A positive score on a left breast."""
    defaults: dict[str, Any] = {
        "sop_instance_uid": f"{STUDY}.1.1",
        "sop_class_uid": US_IMAGE,
        "frame_number": None,
        "laterality": "L",
        "probability": 0.8,
        "positive": True,
        "category": "4C",
        "region": AnalysedRegion(0, 0, 64, 48),
        "heatmap_key": "analyses/1.npz",
        "outline": ((10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 10.0)),
    }
    return ImageScore(**defaults | values)


def result(**values: Any) -> AnalysisResult:
    """One classifier's result with one score."""
    defaults: dict[str, Any] = {
        "study_instance_uid": STUDY,
        "revision": 1,
        "classifier": ClassifierIdentity("us-mass", "1.0.0", "Breast mass on ultrasound", "ab" * 32, 0.3),
        "scores": (score(),),
        "refusals": (ImageRefusal(f"{STUDY}.1.2", "colour Doppler"),),
        "finished_at": datetime(2026, 3, 1, 9, 30, tzinfo=UTC),
    }
    return AnalysisResult(**defaults | values)
