"""Libraries that run a network: one file each, behind one port."""
