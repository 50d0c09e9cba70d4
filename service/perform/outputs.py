"""Where the results of a study can be had: what a completed workitem names as its output."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from service.config.profiles import MESSAGES
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, StoredObject


@dataclass(frozen=True, slots=True)
class Place:
    """A PACS as others reach it: by its AE title, or by the base of its DICOMweb services."""

    ae_title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Output:
    """A series of results. `instances` are SOP Class and SOP Instance UIDs; each is at each of the places."""

    study_instance_uid: str
    series_instance_uid: str
    instances: tuple[tuple[str, str], ...]
    ae_titles: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


def outputs_of(
    objects: Sequence[StoredObject],
    deliveries: Sequence[Delivery],
    classifiers: Collection[str],
    places: Mapping[str, Place],
) -> tuple[Output, ...]:
    """The DICOM objects of these classifiers that were delivered to one of `places`, by destination."""
    at: dict[str, list[str]] = {}
    for one in deliveries:
        if one.state is DeliveryState.DELIVERED and one.destination in places:
            at.setdefault(one.sop_instance_uid, []).append(one.destination)
    grouped: dict[tuple[str, str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for stored in objects:
        is_ours = stored.classifier in classifiers and stored.kind not in MESSAGES
        if is_ours and stored.sop_instance_uid in at:
            key = (
                stored.study_instance_uid,
                stored.series_instance_uid,
                tuple(sorted(at[stored.sop_instance_uid])),
            )
            grouped.setdefault(key, []).append((stored.sop_class_uid, stored.sop_instance_uid))
    return tuple(
        Output(
            study,
            series,
            tuple(instances),
            tuple(places[name].ae_title for name in held_by if places[name].ae_title),
            tuple(_series_url(places[name].url, study, series) for name in held_by if places[name].url),
        )
        for (study, series, held_by), instances in grouped.items()
    )


def _series_url(base: str, study_instance_uid: str, series_instance_uid: str) -> str:
    return f"{base}/studies/{study_instance_uid}/series/{series_instance_uid}"
