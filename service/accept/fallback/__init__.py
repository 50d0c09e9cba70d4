"""The SCP on pynetdicom, for peers that ours does not understand."""
