"""The servers that the tests start, as fixtures."""

from tests.real.bus import bus
from tests.real.daemon import sentence
from tests.real.soundserver import sound_server
from tests.real.xserver import desktop, own_desktop

__all__ = ["bus", "desktop", "own_desktop", "sentence", "sound_server"]
