"""How much memory the models' libraries keep for later.

Every window has another length, and both oneDNN, below CTranslate2, and glibc keep what they made for each.
On a processor with AVX-512 a dictation of half a minute grew to 800 MB, with what stands here to 400, at
three percent more processor time. A second arena would have its own 35 MB.
"""

from __future__ import annotations

import ctypes
import gc
import os

_ARENA_MAX = -8  # glibc's M_ARENA_MAX, from malloc.h


def keep_little() -> None:
    """To be called before there are threads that load a model. What the user set is left alone."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "0")
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it, other C libraries don't
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """What a model has left behind goes back to the system, which glibc alone would put off."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
