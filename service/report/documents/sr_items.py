"""Content items of SR trees that highdicom cannot express: references by place, images without a name."""

from collections.abc import Iterable, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from service.report.source import instance_reference

CONTAINS, INFERRED_FROM, HAS_PROPERTIES = "CONTAINS", "INFERRED FROM", "HAS PROPERTIES"
HAS_CONCEPT_MOD, HAS_OBS_CONTEXT, HAS_ACQ_CONTEXT = "HAS CONCEPT MOD", "HAS OBS CONTEXT", "HAS ACQ CONTEXT"
SELECTED_FROM = "SELECTED FROM"


def coded(code: Code) -> Dataset:
    """An item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme_designator
    if code.scheme_version:
        item.CodingSchemeVersion = code.scheme_version
    item.CodeMeaning = code.meaning
    return item


def container(relation: str, name: Code, children: Iterable[Dataset]) -> Dataset:
    """CONTAINER. Without a relation it is the root."""
    return _item("CONTAINER", relation, name, children, ContinuityOfContent="SEPARATE")


def code(relation: str, name: Code, value: Code, children: Iterable[Dataset] = ()) -> Dataset:
    """CODE."""
    return _item("CODE", relation, name, children, ConceptCodeSequence=[coded(value)])


def text(relation: str, name: Code, value: str) -> Dataset:
    """TEXT."""
    return _item("TEXT", relation, name, TextValue=value)


def date(relation: str, name: Code, value: str) -> Dataset:
    """DATE, as DA."""
    return _item("DATE", relation, name, Date=value)


def time(relation: str, name: Code, value: str) -> Dataset:
    """TIME, as TM."""
    return _item("TIME", relation, name, Time=value)


def uid_reference(relation: str, name: Code, value: str) -> Dataset:
    """UIDREF."""
    return _item("UIDREF", relation, name, UID=value)


def number(relation: str, name: Code, value: float, unit: Code) -> Dataset:
    """NUM."""
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = [coded(unit)]
    measured.NumericValue = f"{value:g}"
    return _item("NUM", relation, name, MeasuredValueSequence=[measured])


def image(relation: str, header: Dataset, children: Iterable[Dataset] = ()) -> Dataset:
    """IMAGE without a concept name."""
    return _item("IMAGE", relation, None, children, ReferencedSOPSequence=[instance_reference(header)])


def place(relation: str, at: Sequence[int]) -> Dataset:
    """A reference to the item at a place of the tree, counted from 1 at each level (PS3.3 C.17.3.2.5)."""
    item = Dataset()
    item.RelationshipType = relation
    item.ReferencedContentItemIdentifier = list(at)
    return item


def coordinates(name: Code, graphic_type: str, data: Sequence[float], at: Sequence[int]) -> Dataset:
    """SCOORD on the image at a place of the tree, columns and rows in turns."""
    numbers = [float(value) for value in data]
    image_at = [place(SELECTED_FROM, at)]
    return _item("SCOORD", HAS_PROPERTIES, name, image_at, GraphicType=graphic_type, GraphicData=numbers)


def _item(
    value_type: str, relation: str, name: Code | None, children: Iterable[Dataset] = (), **values: Any
) -> Dataset:
    item = Dataset()
    if relation:
        item.RelationshipType = relation
    item.ValueType = value_type
    if name is not None:
        item.ConceptNameCodeSequence = [coded(name)]
    for keyword, value in values.items():
        setattr(item, keyword, value)
    inside = list(children)
    if inside:
        item.ContentSequence = inside
    return item
