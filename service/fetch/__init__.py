"""Fetching studies from a PACS on demand, by DIMSE (C-FIND, C-GET, C-MOVE) or DICOMweb (QIDO-RS, WADO-RS)."""
