"""Classifiers as arrays in, arrays out: knows no DICOM, no broker and no service."""
