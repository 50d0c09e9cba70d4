"""Results as messages, for systems that are no PACS."""
