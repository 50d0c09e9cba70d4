"""Preread: from a C-STORE to a Structured Report in the PACS, one package per stage."""

import os

# Before NumPy is imported. What works side by side are roles, as many of them as there are cores: threads of
# a linear algebra library that wait for each other take the processor from those that work. The texture of an
# image takes 2 ms with one thread, and on a busy machine 49 ms with two. `infer.threads`, and `threads` of a
# recipe, are another matter. Who sets these variables is heard.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
