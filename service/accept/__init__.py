"""RECEIVED: an instance is durable before it is acknowledged.

A C-STORE comes through `scp`, `admission` and `association` to an `instance`, which an `intake` keeps; what
cannot be kept goes to the `quarantine`. `stow` and `folder` are other ways in, `fallback` is the SCP on
pynetdicom; `procedure_steps` and `commitment` serve modalities beside.
"""
