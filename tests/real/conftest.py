"""The servers that the tests start, as fixtures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.real.bus import bus
from tests.real.daemon import sentence
from tests.real.soundserver import sound_server
from tests.real.xserver import desktop, own_desktop

__all__ = ["bus", "desktop", "own_desktop", "sentence", "sound_server"]


@pytest.fixture(autouse=True, scope="session")
def _no_system_bus() -> Iterator[None]:
    """Whether the user's screen is locked is nothing to the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        yield
