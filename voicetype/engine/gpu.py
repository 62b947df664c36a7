"""The graphics processor that the models may run on, if there is one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

_DRIVER = Path("/proc/driver/nvidia")


def _library() -> Any:
    return ctypes.CDLL("libcuda.so.1")


def _devices() -> int:
    import ctranslate2

    count: int = ctranslate2.get_cuda_device_count()
    return count


def used(device: str) -> bool:
    """Whether a model that is to run on `device`, as CTranslate2 spells it, runs on a graphics processor."""
    return device == "cuda" or (device == "auto" and _devices() > 0)


def memory_mb(
    driver: Path = _DRIVER, library: Callable[[], Any] = _library, devices: Callable[[], int] = _devices
) -> int:
    """The memory of the first one, in millions of bytes; 0 where none is that CTranslate2 could use.

    `library` opens the CUDA driver's, and `devices` counts what CTranslate2 sees; both only where there is a
    driver.
    """
    if not driver.exists():
        return 0
    try:
        cuda = library()
        if devices() < 1 or cuda.cuInit(0):
            return 0
        device, size = ctypes.c_int(), ctypes.c_size_t()
        failed = cuda.cuDeviceGet(ctypes.byref(device), 0)
        failed = failed or cuda.cuDeviceTotalMem_v2(ctypes.byref(size), device)
    except (OSError, AttributeError, RuntimeError):  # no library, an old one, one without its driver
        return 0
    return 0 if failed else size.value // 10**6
