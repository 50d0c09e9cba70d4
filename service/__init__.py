"""Preread: from a C-STORE to a Structured Report in the PACS, one package per stage."""
