from pydicom.uid import UID
from pynetdicom.service_class import StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from service.accept.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES, supported_contexts

PRIVATE = "1.2.826.0.1.3680043.10.99.1"


def test_names_are_those_of_the_standard() -> None:
    for uid, name in (STORAGE_SOP_CLASSES | TRANSFER_SYNTAXES).items():
        assert name == UID(uid).name


def test_every_storage_context_offers_every_transfer_syntax() -> None:
    contexts = {str(context.abstract_syntax): context.transfer_syntax for context in supported_contexts()}
    for uid in STORAGE_SOP_CLASSES:
        assert contexts[uid] == list(TRANSFER_SYNTAXES)


def test_retired_and_private_classes_are_served_as_storage() -> None:
    contexts = supported_contexts([PRIVATE])
    assert PRIVATE in [context.abstract_syntax for context in contexts]
    for uid in (*STORAGE_SOP_CLASSES, PRIVATE):
        assert uid_to_service_class(uid) is StorageServiceClass


def test_class_that_is_configured_twice_is_offered_once() -> None:
    us = next(iter(STORAGE_SOP_CLASSES))
    assert len(supported_contexts([us, us])) == len(supported_contexts())
