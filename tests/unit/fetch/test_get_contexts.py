from service.accept.association.contexts import STORAGE_SOP_CLASSES, TRANSFER_SYNTAXES
from service.fetch.c_retrieve import STUDY_ROOT_GET
from service.fetch.get_contexts import get_contexts
from tests.fakes.datasets import US_IMAGE, US_MULTI_FRAME

STORABLE = dict.fromkeys(STORAGE_SOP_CLASSES, tuple(TRANSFER_SYNTAXES))


def test_each_class_and_transfer_syntax_has_a_context_so_that_nothing_is_transcoded() -> None:
    contexts, roles = get_contexts({US_IMAGE, US_MULTI_FRAME}, STORABLE)
    assert contexts[0][0] == STUDY_ROOT_GET
    assert set(contexts[1:]) == {
        (uid, (syntax,)) for uid in (US_IMAGE, US_MULTI_FRAME) for syntax in TRANSFER_SYNTAXES
    }
    assert set(roles) == {US_IMAGE, US_MULTI_FRAME}


def test_many_classes_have_one_context_each() -> None:
    contexts, roles = get_contexts(STORABLE, STORABLE)
    assert contexts[1:] == list(STORABLE.items())
    assert len(contexts) <= 128 and roles == list(STORABLE)


def test_unknown_classes_lead_to_all_that_are_stored_and_strange_ones_to_none() -> None:
    assert get_contexts({""}, STORABLE)[1] == list(STORABLE)
    assert get_contexts({"1.2.3", US_IMAGE}, STORABLE)[1] == [US_IMAGE]


def test_contexts_are_never_more_than_an_association_can_have() -> None:
    storable = {f"1.2.3.{number}": ("1.2.840.10008.1.2",) for number in range(200)}
    assert len(get_contexts({""}, storable)[0]) == 128
