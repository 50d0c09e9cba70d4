"""Compressed frames are decoded in processes of their own, which damaged bytes may end."""
