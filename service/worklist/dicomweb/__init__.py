"""DICOMweb for result objects: search (QIDO-RS) and retrieval (WADO-RS) of what this service has made."""
