"""REPORTED: Structured Reports and secondary captures."""
