from pydicom.uid import UID
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from service.accept.association.contexts import (
    OTHER_SOP_CLASSES,
    STORAGE_SOP_CLASSES,
    TRANSFER_SYNTAXES,
    UNCOMPRESSED,
    presentation_contexts,
    supported_contexts,
)

PRIVATE = "1.2.826.0.1.3680043.10.99.1"


def test_names_are_those_of_the_standard() -> None:
    for uid, name in (STORAGE_SOP_CLASSES | OTHER_SOP_CLASSES | TRANSFER_SYNTAXES).items():
        assert name == UID(uid).name


def test_every_storage_class_is_taken_in_every_transfer_syntax_and_the_others_uncompressed() -> None:
    supported = supported_contexts([PRIVATE])
    for uid in (*STORAGE_SOP_CLASSES, PRIVATE):
        assert supported[uid] == tuple(TRANSFER_SYNTAXES)
    assert {supported[uid] for uid in OTHER_SOP_CLASSES} == {UNCOMPRESSED}


def test_retired_and_private_classes_are_served_as_storage_by_pynetdicom_too() -> None:
    contexts = presentation_contexts(supported_contexts([PRIVATE]))
    assert PRIVATE in [context.abstract_syntax for context in contexts]
    for uid in (*STORAGE_SOP_CLASSES, PRIVATE):
        assert uid_to_service_class(uid) is StorageServiceClass


def test_pynetdicom_gets_the_transfer_syntaxes_in_our_order() -> None:
    (context,) = presentation_contexts(
        {next(iter(STORAGE_SOP_CLASSES)): ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")}
    )
    assert context.transfer_syntax == ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1"]


def test_class_that_is_configured_twice_is_offered_once() -> None:
    us = next(iter(STORAGE_SOP_CLASSES))
    assert supported_contexts([us, us]) == supported_contexts()
