"""Coded concepts of the result objects, each with the part of the Standard that asks for it.

DCM and SCT values are those of PS3.16 annex D and the context groups named; UCUM and BI as PS3.16 8.2 lists.
"""

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
ARTIFICIAL_INTELLIGENCE = Code("123110", "DCM", "Artificial Intelligence")  # CID 7162

# TID 1410 Planar ROI, TID 1501 Measurement Group
# A heatmap explains a score. It does not show a mass, so no kind of lesion is claimed: CID 6054 for a region.
SELECTED_REGION = Code("111099", "DCM", "Selected region")
LESION = Code("52988006", "SCT", "Lesion")  # where the classifier has found and outlined one
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

# TID 1600 Image Library
IMAGE_LIBRARY = Code("111028", "DCM", "Image Library")
IMAGE_LIBRARY_GROUP = Code("126200", "DCM", "Image Library Group")
SOURCE = Code("260753009", "SCT", "Source")  # TID 1601 row 1 leaves the concept open
MODALITY = Code("121139", "DCM", "Modality")
MODALITIES = {"US": Code("US", "DCM", "Ultrasound"), "MG": Code("MG", "DCM", "Mammography")}  # CID 29
OTHER_MODALITY = Code("OT", "DCM", "Other Modality")
IMAGE_LATERALITY = Code("111027", "DCM", "Image Laterality")
PIXEL_DATA_ROWS = Code("110910", "DCM", "Pixel Data Rows")
PIXEL_DATA_COLUMNS = Code("110911", "DCM", "Pixel Data Columns")
PIXELS = Code("{pixels}", "UCUM", "Pixels")

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


def assessment(category: str) -> Code:
    """BI-RADS category "0" to "5" or "4A" to "4C" as CID 6027 codes it. Raises Permanent for another."""
    if category not in _ASSESSMENTS:
        raise Permanent(
            f"{category!r} is no assessment category that a classifier may suggest; "
            f"correct its manifest to one of {', '.join(_ASSESSMENTS)}, or to none"
        )
    return _ASSESSMENTS[category]
