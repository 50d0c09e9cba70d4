"""Images to learn from, made of DICOM files as the service reads them."""
