"""What all objects of one result share: equipment, times, qualification, and whose study it is."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from highdicom import ContributingEquipment
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from service.config import ReportSettings
from service.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from service.report.documents.codes import PROCESSING_EQUIPMENT
from service.report.source import copy_patient_and_study, local_time
from service.report.text import long_string
from service.report.uids import WRITER_VERSION
from service.study.result import AnalysisResult

_NOT_SHOWN = {"profiles", "not_analysed", "webhook_patient_data"}
"""Settings that decide which objects there are, not what one shows."""


@dataclass(frozen=True, slots=True)
class ReportContext:
    """One result, the header of one of its source images, and the settings."""

    result: AnalysisResult
    header: Dataset
    settings: ReportSettings

    @property
    def title(self) -> str:
        """The classifier as a person calls it, or its name where that cannot be written in ASCII."""
        identity = self.result.classifier
        return long_string(identity.title) or identity.name

    @property
    def written_at(self) -> datetime:
        """When the result was finished, on the clock of the source."""
        return local_time(self.result.finished_at, self.header)

    @property
    def software_versions(self) -> list[str]:
        """The writer and the classifier."""
        identity = self.result.classifier
        return [f"preread {WRITER_VERSION}", long_string(f"{identity.name} {identity.version}")]

    @property
    def fixed(self) -> list[Any]:
        """What every object of this result shows beside its own content."""
        return [self.settings.model_dump(mode="json", exclude=_NOT_SHOWN), self.title]

    def attributes(self) -> dict[str, Any]:
        """`equipment`, and when the content was made."""
        moment = self.written_at
        return self.equipment() | {"content_date": moment.date(), "content_time": moment.time()}

    def equipment(self) -> dict[str, Any]:
        """Equipment and SOP Common attributes as highdicom's constructors take them."""
        institution = long_string(self.settings.institution_name)
        return {
            "manufacturer": long_string(self.settings.manufacturer),
            "manufacturer_model_name": self.title,
            "software_versions": self.software_versions,
            "device_serial_number": long_string(self.settings.device_serial_number),
            "institution_name": institution or None,
            "content_qualification": self.settings.content_qualification,
        }

    @property
    def date(self) -> str:
        """Of `written_at`, as DA."""
        return self.written_at.strftime("%Y%m%d")

    @property
    def time(self) -> str:
        """Of `written_at`, as TM."""
        return self.written_at.strftime("%H%M%S")

    def new_object(self, sop_class_uid: str, sop_instance_uid: str, modality: str) -> Dataset:
        """An object that no constructor of highdicom makes, with its `attributes`."""
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = sop_class_uid, sop_instance_uid, modality
        attributes = self.equipment()
        ds.Manufacturer = attributes["manufacturer"]
        ds.ManufacturerModelName = attributes["manufacturer_model_name"]
        ds.SoftwareVersions = attributes["software_versions"]
        ds.DeviceSerialNumber = attributes["device_serial_number"]
        if attributes["institution_name"]:
            ds.InstitutionName = attributes["institution_name"]
        ds.ContentQualification = attributes["content_qualification"]
        ds.ContentDate, ds.ContentTime = self.date, self.time
        return ds

    def finish(self, ds: Dataset) -> bytes:
        """Put patient, study, equipment and times into `ds`; the complete Part 10 file, Explicit VR LE.

        highdicom stamps objects with the time of writing and with itself; a rebuild would then differ.
        """
        copy_patient_and_study(self.header, ds)
        ds.InstanceCreationDate, ds.InstanceCreationTime = self.date, self.time
        ds.ContributingEquipmentSequence = [self._equipment()]
        ds.file_meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
        ds.file_meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
        buffer = BytesIO()
        dcmwrite(buffer, ds, enforce_file_format=True)
        return buffer.getvalue()

    def _equipment(self) -> Dataset:
        """What made this object (PS3.3 C.12.1, Contributing Equipment Sequence)."""
        return ContributingEquipment(
            manufacturer=long_string(self.settings.manufacturer),
            purpose_of_reference=PROCESSING_EQUIPMENT,
            manufacturer_model_name=self.title,
            software_versions=self.software_versions,
            device_serial_number=long_string(self.settings.device_serial_number),
            contribution_datetime=self.written_at,
            contribution_description=f"Analysis; weights SHA-256 {self.result.classifier.weights_sha256}",
        )
