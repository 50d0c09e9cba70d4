"""A page for people, as an Encapsulated PDF (PS3.3 A.45.1): the result in words, and the heatmaps.

Needs reportlab (`pip install preread[pdf]`). ASCII only, and no name: the fonts that come with it know no
other scripts, and the object itself carries the patient's name in every one of them. They are embedded, so a
viewer without fonts of its own shows the same page.
"""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from PIL import Image as Picture
from pydicom import dcmread
from pydicom.uid import EncapsulatedPDFStorage

from service.dicom.values import text
from service.report.context import ReportContext
from service.report.documents import codes
from service.report.documents.sr_items import coded
from service.report.images.legend import RESEARCH_USE, SIDES
from service.report.report_object import ReportObject
from service.report.source import copy_element
from service.report.text import ascii_text, long_string, percent
from service.report.uids import series_uid
from service.study.result import AnalysisResult, ImageScore

SERIES_NUMBER = 9109
_FONT, _BOLD = "Vera", "VeraBd"
_FACTS = ("PatientID", "PatientBirthDate", "StudyDate", "AccessionNumber")
_LARGEST_PICTURE_PX = 900
_WIDTH_MM, _HEIGHT_MM = 120, 90
"""Of a heatmap on the page, at most."""


def build_pdf_object(
    context: ReportContext, heatmaps: Sequence[ReportObject], sop_instance_uid: str
) -> bytes:
    """As a Part 10 file."""
    document = render_pdf(context, heatmaps)
    ds = context.new_object(EncapsulatedPDFStorage, sop_instance_uid, "DOC")
    ds.ConversionType = "WSD"
    ds.SeriesInstanceUID, ds.SeriesNumber = series_uid(context.result, "pdf"), SERIES_NUMBER
    ds.SeriesDescription, ds.InstanceNumber = long_string(f"AI report {context.title}"), 1
    ds.Laterality = None  # type 2C: both breasts are in it
    ds.AcquisitionDateTime = None
    ds.BurnedInAnnotation = "YES"
    ds.RecognizableVisualFeatures = "NO"
    ds.DocumentTitle = long_string(f"AI report {context.title}")
    ds.ConceptNameCodeSequence = [coded(codes.IMAGING_MEASUREMENT_REPORT)]
    ds.VerificationFlag = "UNVERIFIED"
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(document)
    ds.EncapsulatedDocument = document + bytes(len(document) % 2)
    copy_element(context.header, ds, "RequestAttributesSequence")
    return context.finish(ds)


def render_pdf(context: ReportContext, heatmaps: Sequence[ReportObject]) -> bytes:
    """The PDF; the same bytes for the same result."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import SimpleDocTemplate

    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        title=f"AI report {context.title}",
        author=long_string(context.settings.manufacturer),
        invariant=1,
        topMargin=15 * mm,
        bottomMargin=15 * mm,
    )
    document.build(list(_story(context, heatmaps)))
    return buffer.getvalue()


def _story(context: ReportContext, heatmaps: Sequence[ReportObject]) -> Iterator[Any]:
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import KeepTogether, Paragraph, Spacer

    styles, result = getSampleStyleSheet(), context.result
    _embed_fonts(styles)
    yield Paragraph(_safe(context.title), styles["Title"])
    if context.settings.is_research:
        yield Paragraph(RESEARCH_USE, styles["Heading2"])
    for line in _facts(context):
        yield Paragraph(_safe(line), styles["Normal"])
    yield Spacer(1, 8)
    yield _table(result)
    if result.refusals:
        yield Paragraph(_safe(f"Not analysed: {result.refusal_summary()}"), styles["Normal"])
    for score, heatmap in zip(result.scores, heatmaps, strict=True):
        caption = f"Image {score.sop_instance_uid}: {_verdict(score)}"
        yield Spacer(1, 10)
        yield KeepTogether([_picture(heatmap), Paragraph(_safe(caption), styles["Normal"])])


def _embed_fonts(styles: Any) -> None:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    for font in (_FONT, _BOLD):
        pdfmetrics.registerFont(TTFont(font, f"{font}.ttf"))
    for name, font in (("Title", _BOLD), ("Heading2", _BOLD), ("Normal", _FONT)):
        styles[name].fontName = font


def _facts(context: ReportContext) -> Iterator[str]:
    identity = context.result.classifier
    patient, born, study, accession = (text(context.header, keyword) or "not given" for keyword in _FACTS)
    yield f"Patient ID: {patient}. Born: {born}"
    yield f"Study of: {study}. Accession number: {accession}"
    yield f"Classifier {identity.name} {identity.version}, operating point {percent(identity.threshold)} %"
    yield f"Automated analysis of {context.written_at:%Y-%m-%d %H:%M}; not reviewed"


def _table(result: AnalysisResult) -> Any:
    from reportlab.lib import colors
    from reportlab.platypus import Table, TableStyle

    rows = [["Breast", "Probability of cancer", "Operating point", "Suggested category", "Lesion"]]
    rows += [
        [
            SIDES.get(side, "side not given"),
            f"{percent(score.probability)} %",
            "at or above" if score.positive else "below",
            score.category,
            _lesion(score),
        ]
        for side, score in result.by_side().items()
    ]
    style = [
        ("GRID", (0, 0), (-1, -1), 0.5, colors.grey),
        ("FONTNAME", (0, 0), (-1, -1), _FONT),
        ("FONTNAME", (0, 0), (-1, 0), _BOLD),
    ]
    return Table(rows, style=TableStyle(style), hAlign="LEFT")


def _picture(heatmap: ReportObject) -> Any:
    from reportlab.lib.units import mm
    from reportlab.platypus import Image

    picture = Picture.fromarray(dcmread(BytesIO(heatmap.data)).pixel_array)
    picture.thumbnail((_LARGEST_PICTURE_PX, _LARGEST_PICTURE_PX), Picture.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, format="PNG")
    buffer.seek(0)
    image = Image(buffer)
    image._restrictSize(_WIDTH_MM * mm, _HEIGHT_MM * mm)
    return image


def _verdict(score: ImageScore) -> str:
    relation = "at or above" if score.positive else "below"
    return f"{percent(score.probability)} %, {relation} the operating point; {score.category} suggested"


def _lesion(score: ImageScore) -> str:
    if not score.finds_lesions:
        return "-"
    if score.lesion is None:
        return "none found"
    if score.lesion.diameters_mm is None:
        return "outlined"
    return "{:.0f} x {:.0f} mm".format(*score.lesion.diameters_mm)


def _safe(words: str) -> str:
    """ASCII, and nothing in it is taken for a tag."""
    return ascii_text(words).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
