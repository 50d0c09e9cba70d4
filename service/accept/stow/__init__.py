"""STOW-RS: the Store transaction of DICOMweb (PS3.18 section 10.5)."""
