from dataclasses import replace
from datetime import UTC, datetime

from service.perform.outputs import Output, Place, outputs_of
from service.storage.ledger.tables.deliveries import Delivery, DeliveryState, Proof, StoredObject

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SR = "1.2.840.10008.5.1.4.1.1.88.34"
REPORT = StoredObject("1.7", "1.2", 1, "us-mass", "sr", SR, "1.2.9", "objects/1.dcm", NOW)
PLACES = {"pacs": Place(ae_title="PACS"), "web": Place(url="https://pacs/dicom-web")}


def delivered(uid: str, destination: str, state: DeliveryState = DeliveryState.DELIVERED) -> Delivery:
    return Delivery(uid, destination, "1.2", state, Proof.COMMITMENT, "", NOW)


def test_series_says_every_place_where_it_can_be_had() -> None:
    found = outputs_of([REPORT], [delivered("1.7", "web"), delivered("1.7", "pacs")], {"us-mass"}, PLACES)
    assert found == (
        Output(
            "1.2", "1.2.9", ((SR, "1.7"),), ("PACS",), ("https://pacs/dicom-web/studies/1.2/series/1.2.9",)
        ),
    )


def test_instances_of_a_series_stand_together() -> None:
    other = replace(REPORT, sop_instance_uid="1.8")
    found = outputs_of(
        [REPORT, other], [delivered("1.7", "pacs"), delivered("1.8", "pacs")], {"us-mass"}, PLACES
    )
    assert [one.instances for one in found] == [((SR, "1.7"), (SR, "1.8"))]


def test_what_is_not_there_or_not_asked_for_is_not_named() -> None:
    sent = [delivered("1.7", "pacs", DeliveryState.SENT)]
    assert outputs_of([REPORT], sent, {"us-mass"}, PLACES) == ()
    assert outputs_of([REPORT], [delivered("1.7", "ris")], {"us-mass"}, PLACES) == ()
    assert outputs_of([REPORT], [delivered("1.7", "pacs")], {"other"}, PLACES) == ()
    message = replace(REPORT, kind="hl7")
    assert outputs_of([message], [delivered("1.7", "pacs")], {"us-mass"}, PLACES) == ()
