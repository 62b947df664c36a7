"""The listening loop: from a source's frames to what was heard in them, to the source's end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voicetype.core.events import Stopped
from voicetype.core.stream import Began
from voicetype.core.windows import Ready
from voicetype.errors import VoicetypeError
from voicetype.frames import FrameSource
from voicetype.listening import Heard, Listening
from voicetype.settings import Settings
from voicetype.vad import VoiceActivity
from voicetype.workers import Worker

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class ListeningLoop:
    """Iterated over once, by the listening thread. `doubtful`: whether words are held back at this moment."""

    source: FrameSource
    settings: Settings
    fast: Worker
    heavy: Worker
    doubtful: Callable[[], bool]
    samples: int = 0
    """What was heard so far."""

    def __iter__(self) -> Iterator[Heard | Began | Stopped | VoicetypeError]:
        """Until the source ends, in whatever way: what was said till then is still transcribed."""
        listening = Listening(self.settings.rules, self.settings.cadence)
        try:
            yield from self._heard(listening)
        except VoicetypeError as error:
            yield error
        except Exception as error:  # of the sound system, which may fail in any way
            log.exception("listening failed")
            yield VoicetypeError(f"Listening failed: {error}", "What was said so far is typed.")
        finally:
            self.source.close()
        yield from listening.finish()
        yield Stopped()

    def _heard(self, listening: Listening) -> Iterator[Heard | Began]:
        voice = VoiceActivity(self.settings.vad_aggressiveness)
        for frame in self.source:
            if not self.samples:
                yield Began(self.fast.name, self.heavy.name, time.time())
            self.samples += len(frame)
            fast, heavy = self.fast.free, self.heavy.free
            # With each frame: the doubts are worked out only where somebody could settle them.
            ready = Ready(fast, heavy, fast and heavy and self.doubtful(), alone=not self.fast.able)
            for item in listening.hear(frame, voice(frame), ready):
                yield item
                self._keep_pace()

    def _keep_pace(self) -> None:
        """A recording that is not fed by the clock waits for the models, so that none misses a window."""
        if not self.settings.realtime:
            self.fast.wait_idle()
            self.heavy.wait_idle()
