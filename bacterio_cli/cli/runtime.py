"""What a process asks of its machine before it works with large arrays: one BLAS thread, and memory that it keeps."""

from __future__ import annotations

import os

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # the numbers of these settings in malloc.h
KEPT = 2**30  # bytes
OLDER_LIMIT = 2**25  # all that an older glibc takes for MMAP_THRESHOLD


def one_blas_thread() -> None:
    """Matrix products on one thread each, unless the environment says otherwise; to be called before NumPy is imported.

    Products as small as these gain little from a second thread, and wait for it when another process wants the core
    that it spins on. Two cores are used otherwise: see `training.worker` and `lm.prefix_tree`.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def keep_freed_memory() -> None:
    """Let malloc keep what is freed, up to 1 GiB, for the arrays of the next step.

    By default glibc gives every large block back to the system, which hands it out again page by page, each zeroed: up
    to a fifth of a step. Elsewhere this does nothing.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library
        return
    if mallopt(MMAP_THRESHOLD, KEPT) or mallopt(MMAP_THRESHOLD, OLDER_LIMIT):
        mallopt(TRIM_THRESHOLD, KEPT)
