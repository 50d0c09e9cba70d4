"""Presentation contexts of a C-GET: the retrieval itself, and storage of what will come."""

from collections.abc import Iterable, Mapping

from service.fetch.association import UNCOMPRESSED
from service.fetch.c_retrieve import STUDY_ROOT_GET
from service.net.scu import MAX_CONTEXTS, Context


def get_contexts(
    sop_class_uids: Iterable[str], storable: Mapping[str, tuple[str, ...]]
) -> tuple[list[Context], list[str]]:
    """The contexts to propose, and the classes of which we want to be the SCP.

    A context for each class and transfer syntax, so that the PACS can send every instance as it has it: of
    one context with all of them it would take one, and has to transcode the rest or to fail. Where they are
    too many, and where a class is not known (empty), a context for each class. `storable` maps what we store
    to its transfer syntaxes.
    """
    wanted = set(sop_class_uids)
    classes = list(storable) if "" in wanted else [uid for uid in storable if uid in wanted]
    single = [(uid, (syntax,)) for uid in classes for syntax in storable[uid]]
    each_class: list[Context] = [(uid, storable[uid]) for uid in classes]
    storage = single if len(single) < MAX_CONTEXTS else each_class[: MAX_CONTEXTS - 1]
    return [(STUDY_ROOT_GET, UNCOMPRESSED), *storage], list(dict.fromkeys(uid for uid, _ in storage))
