"""Coded concepts of the result objects, each with the part of the Standard that asks for it.

DCM and SCT values are those of PS3.16 annex D and the context groups named; UCUM and BI as PS3.16 8.2 lists.
"""

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code

from service.errors import Permanent

# TID 1500 Measurement Report
IMAGING_MEASUREMENT_REPORT = Code(
    "126000", "DCM", "Imaging Measurement Report"
)  # CID 7021; OHIF opens no other
QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")  # TID 1500 row 12
COMMENT = Code("121106", "DCM", "Comment")  # TID 1500 row 14 leaves the concept open
# CID 100 has neither breast ultrasound nor mammography; this is its general member.
IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")
# CID 6050, for Performed Procedure Code Sequence (0040,A372)
PERFORMED_PROCEDURES = {
    "US": Code("47079000", "SCT", "Ultrasonography of breast"),
    "MG": Code("71651007", "SCT", "Mammography"),
}

# TID 1004 Device Observer, TID 4019 Algorithm Identification
DEVICE = Code("121007", "DCM", "Device")  # CID 270
PERSON = Code("121006", "DCM", "Person")  # CID 270
OVERALL_ASSESSMENT = Code("111413", "DCM", "Overall Assessment")
AGREEMENT = Code("122775", "DCM", "Agreement with prior findings")
DISAGREEMENT = Code("122776", "DCM", "Disagreement with prior findings")
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")  # CID 7162

# TID 1410 Planar ROI, TID 1501 Measurement Group
# A heatmap explains a score. It does not show a mass, so no kind of lesion is claimed: CID 6054 for a region.
SELECTED_REGION = Code("111099", "DCM", "Selected region")
LESION = Code("52988006", "SCT", "Lesion")  # where the classifier has found and outlined one
MORPHOLOGICALLY_ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")  # CID 7150
LONG_AXIS = Code("103339001", "SCT", "Long axis")  # CID 7470
SHORT_AXIS = Code("103340004", "SCT", "Short axis")
MILLIMETER = Code("mm", "UCUM", "Millimeter")
BREAST = Code("76752008", "SCT", "Breast")  # CID 4 through TID 1501 row 6
LATERALITIES = {"L": Code("7771000", "SCT", "Left"), "R": Code("24028007", "SCT", "Right")}  # CID 244
PROBABILITY_OF_CANCER = Code("111047", "DCM", "Probability of cancer")  # TID 4006 row 7: 0 to 100 %
PERCENT = Code("%", "UCUM", "Percent")
MAXIMUM = Code("56851009", "SCT", "Maximum")  # CID 7464, how a breast's value follows from its images
VISUAL_EXPLANATION = Code("130401", "DCM", "Visual explanation")
ASSESSMENT_CATEGORY = Code("111005", "DCM", "Assessment Category")  # CID 6026

# TID 2010 Key Object Selection
REJECTED_FOR_QUALITY = Code("113001", "DCM", "Rejected for Quality Reasons")  # CID 7011
OF_INTEREST = Code("113000", "DCM", "Of Interest")  # CID 7010

# TID 4000 Mammography CAD Report and what it holds
MAMMOGRAPHY_CAD_REPORT = Code("111036", "DCM", "Mammography CAD Report")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
ENGLISH = Code("en", "RFC5646", "English")
CAD_SUMMARY = Code("111017", "DCM", "CAD Processing and Findings Summary")
WITHOUT_FINDINGS = Code("111241", "DCM", "All algorithms succeeded; without findings")  # CID 6047
WITH_FINDINGS = Code("111242", "DCM", "All algorithms succeeded; with findings")
INDIVIDUAL_IMPRESSION = Code("111034", "DCM", "Individual Impression/Recommendation")
SINGLE_IMAGE_FINDING = Code("111059", "DCM", "Single Image Finding")
MAMMOGRAPHY_BREAST_DENSITY = Code("129793001", "SCT", "Mammography breast density")  # CID 6014: a mass's mark
RENDERING_INTENT = Code("111056", "DCM", "Rendering Intent")
PRESENTATION_REQUIRED = Code(
    "111150", "DCM", "Presentation Required: Rendering device is expected to present"
)
TRACKING_IDENTIFIER = Code("112039", "DCM", "Tracking Identifier")
TRACKING_UID = Code("112040", "DCM", "Tracking Unique Identifier")
ALGORITHM_NAME = Code("111001", "DCM", "Algorithm Name")
ALGORITHM_PARAMETERS = Code("111002", "DCM", "Algorithm Parameters")
ALGORITHM_VERSION = Code("111003", "DCM", "Algorithm Version")
CENTER = Code("111010", "DCM", "Center")
OUTLINE = Code("111041", "DCM", "Outline")
SUMMARY_OF_DETECTIONS = Code("111064", "DCM", "Summary of Detections")
SUCCEEDED = Code("111222", "DCM", "Succeeded")
SUCCESSFUL_DETECTIONS = Code("111063", "DCM", "Successful Detections")
DETECTION_PERFORMED = Code("111022", "DCM", "Detection Performed")
SUMMARY_OF_ANALYSES = Code("111065", "DCM", "Summary of Analyses")
NOT_ATTEMPTED = Code("111225", "DCM", "Not Attempted")
LEFT_BREAST = Code("80248007", "SCT", "Left breast")  # CID 6022
RIGHT_BREAST = Code("73056007", "SCT", "Right breast")
BREASTS = {"L": LEFT_BREAST, "R": RIGHT_BREAST}
IMAGE_VIEW = Code("111031", "DCM", "Image View")
IMAGE_VIEW_MODIFIER = Code("111032", "DCM", "Image View Modifier")
PATIENT_ORIENTATION_ROW = Code("111044", "DCM", "Patient Orientation Row")
PATIENT_ORIENTATION_COLUMN = Code("111043", "DCM", "Patient Orientation Column")
STUDY_INSTANCE_UID = Code("110180", "DCM", "Study Instance UID")
STUDY_DATE = Code("111060", "DCM", "Study Date")
STUDY_TIME = Code("111061", "DCM", "Study Time")
CONTENT_DATE = Code("111018", "DCM", "Content Date")
CONTENT_TIME = Code("111019", "DCM", "Content Time")
HORIZONTAL_PIXEL_SPACING = Code("111026", "DCM", "Horizontal Pixel Spacing")
VERTICAL_PIXEL_SPACING = Code("111066", "DCM", "Vertical Pixel Spacing")
MICROMETER = Code("um", "UCUM", "micrometer")

# TID 1600 Image Library
IMAGE_LIBRARY = Code("111028", "DCM", "Image Library")
IMAGE_LIBRARY_GROUP = Code("126200", "DCM", "Image Library Group")
SOURCE = Code("260753009", "SCT", "Source")  # TID 1601 row 1 leaves the concept open
MODALITY = Code("121139", "DCM", "Modality")
MODALITIES = {  # CID 29
    "US": Code("US", "DCM", "Ultrasound"),
    "MG": Code("MG", "DCM", "Mammography"),
    "CT": Code("CT", "DCM", "Computed Tomography"),
    "MR": Code("MR", "DCM", "Magnetic Resonance"),
}
OTHER_MODALITY = Code("OT", "DCM", "Other Modality")
IMAGE_LATERALITY = Code("111027", "DCM", "Image Laterality")
PIXEL_DATA_ROWS = Code("110910", "DCM", "Pixel Data Rows")
PIXEL_DATA_COLUMNS = Code("110911", "DCM", "Pixel Data Columns")
PIXELS = Code("{pixels}", "UCUM", "Pixels")
NO_UNITS = Code("1", "UCUM", "no units")

# Headers
PROCESSING_EQUIPMENT = Code("109102", "DCM", "Processing Equipment")  # CID 7005
GRADIENT_WEIGHTED_CLASS_ACTIVATION = Code("130403", "DCM", "Gradient-weighted class activation")  # CID 217
SOURCE_IMAGE_FOR_PROCESSING = Code("121322", "DCM", "Source image for image processing operation")  # CID 7202

_ASSESSMENTS = {  # CID 6027; subdivisions of 4 are not in SNOMED CT, their scheme is BI 4.0
    "0": Code("397138000", "SCT", "0 - Incomplete - Need additional imaging evaluation +/- priors"),
    "1": Code("397140005", "SCT", "1 - Negative"),
    "2": Code("397141009", "SCT", "2 - Benign"),
    "3": Code("397143007", "SCT", "3 - Probably Benign"),
    "4": Code("397144001", "SCT", "4 - Suspicious"),
    "4A": Code("MA.II.A.5.4A", "BI", "4A - Low suspicion", "4.0"),
    "4B": Code("MA.II.A.5.4B", "BI", "4B - Intermediate suspicion", "4.0"),
    "4C": Code("MA.II.A.5.4C", "BI", "4C - Moderate suspicion", "4.0"),
    "5": Code("397145000", "SCT", "5 - Highly suggestive of malignancy"),
}


def of(item: Dataset) -> Code:
    """The code in an item of a sender's code sequence."""
    return Code(
        item.CodeValue,
        item.CodingSchemeDesignator,
        item.get("CodeMeaning", ""),
        item.get("CodingSchemeVersion"),
    )


def assessment(category: str) -> Code:
    """BI-RADS category "0" to "5" or "4A" to "4C" as CID 6027 codes it. Raises Permanent for another."""
    if category not in _ASSESSMENTS:
        raise Permanent(
            f"{category!r} is no assessment category that a classifier may suggest; "
            f"correct its manifest to one of {', '.join(_ASSESSMENTS)}, or to none"
        )
    return _ASSESSMENTS[category]
