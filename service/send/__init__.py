"""DELIVERED: result objects back to the PACS."""
