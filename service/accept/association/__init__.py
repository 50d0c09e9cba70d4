"""One association: bytes, PDUs, messages, and who handles them (PS3.7, PS3.8)."""
