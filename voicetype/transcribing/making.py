"""What transcribes recordings, by the configuration."""

from __future__ import annotations

import os

from voicetype.choice import heard_language
from voicetype.config import Config
from voicetype.engine import Hearing, gpu, integrity, models
from voicetype.engine.offline import Offline, Way
from voicetype.engine.progress import Bar
from voicetype.engine.whisper import Whisper
from voicetype.own_words import vocabulary
from voicetype.transcribing.scribe import Scribe

_ON_CUDA, _ON_A_PROCESSOR = 8, 4
"""Windows at once. With four, base took 2 to 9 percent less processor time and some 250 MB more memory than
with one after the other, and made no more errors: 9.7 and 8.6 % of the words of two recordings (7 and 15
minutes), for 11.0 and 9.7. tiny.en took as long. Eight took longer than four."""


def scribe(config: Config) -> Scribe:
    """Who transcribes recordings with the heavy model, with the time of each word.

    The models are fetched and loaded when they are first needed. Raises ConfigError.
    """
    batch = config.transcribe.batch or (_ON_CUDA if gpu.used(config.models.device) else _ON_A_PROCESSOR)
    way = Way("", config.engine.beam_size, batch, words=True)
    how = Hearing(config.language, among=config.languages)
    return Scribe(lambda: _offline(config), how, way, vocabulary(config.vocabulary))


def _offline(config: Config) -> Offline:
    """Raises ModelError, ConfigError for a language that the model does not know."""
    obtained = models.ensure_pair(config.models, Bar())
    name = obtained.pair.heavy
    heard_language(config.language, [name])
    integrity.check(obtained.heavy, name)
    threads = config.transcribe.threads or len(os.sched_getaffinity(0))
    return Whisper(obtained.heavy, name, models.options(config.models, threads)).offline()
