"""Preread: from a C-STORE to a Structured Report in the PACS, one package per stage."""

import os

# Before NumPy is imported. Roles, and as many of them as there are cores, are what works side by side: threads of a
# linear algebra library that wait for each other take the processor from those that work. One image's texture
# takes 2 ms with one thread, and on a busy machine 49 ms with two. Networks have `infer.threads` and a recipe's
# `threads`, which this does not touch. Who sets them otherwise is heard.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
