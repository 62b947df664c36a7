"""What Python says by itself of warnings and of what nobody caught, through the log."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType

from voicetype.logs.entries import told

_log = logging.getLogger(__name__)


def follow() -> None:
    """From now on. What somebody else follows already (a test's runner) stays with them."""
    logging.captureWarnings(True)
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _thread_ended
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _could_not_be_raised
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _program_ends


def _thread_ended(fault: threading.ExceptHookArgs) -> None:
    if fault.exc_type is SystemExit or fault.exc_value is None:
        return
    name = fault.thread.name if fault.thread else "a thread"
    _log.error("%s ended by a fault", name, exc_info=fault.exc_value)


def _could_not_be_raised(fault: sys.UnraisableHookArgs) -> None:
    where = getattr(fault.object, "__qualname__", type(fault.object).__qualname__)  # its repr may have values
    _log.warning("ignored in %s", where, exc_info=fault.exc_value)


def _program_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """It is how the command ended, so that it is told even where the log is quiet."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.shutdown()  # what was logged before comes before
    everything = logging.getLogger("voicetype").isEnabledFor(logging.DEBUG)
    print(told(error, everything=everything), file=sys.stderr)
