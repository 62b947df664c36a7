"""What is built by the configuration; with `app`, the only one who chooses implementations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicetype import vad
from voicetype.choice import heard_language
from voicetype.config import Config
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import Showing, Terms
from voicetype.core.windows import Cadence
from voicetype.engine import EngineOptions, Transcriber, integrity, models, speeds
from voicetype.engine.memory import keep_little
from voicetype.engine.whisper import Whisper
from voicetype.errors import VoicetypeError
from voicetype.pair import LoadedPair
from voicetype.settings import Settings


def settings(config: Config) -> Settings:
    """What a dictation goes by."""
    drafts = config.typing.drafts and config.typing.keyboard != "clipboard"  # each paste is dear
    rules = EndpointingRules(
        pre_roll_s=config.audio.pre_roll_s, pause_s=config.audio.pause_s, end_s=config.audio.end_s
    )
    return Settings(
        rules=rules,
        cadence=Cadence(config.engine.fast_interval_samples, config.engine.heavy_interval_samples),
        patching=config.typing.patching,
        terms=Terms(Showing.DRAFTS if drafts else Showing.FINAL, depth=config.typing.depth),
        applications=config.typing.applications,
        on_focus_change=config.typing.on_focus_change,
        vad_aggressiveness=config.audio.vad_aggressiveness,
        beam_size=config.engine.beam_size,
        verification=config.engine.verification,
        language=config.language,
        languages=config.languages,
        presumed=config.languages[0] if config.languages else "",
    )


def check(config: Config) -> None:
    """Raise ConfigError, ModelError for a language and models that can't go together, or are not there."""
    pair = models.checked(config.models)
    heard_language(config.language, (pair.fast, pair.heavy))


def make_pair(config: Config, failed: Callable[[VoicetypeError], None]) -> LoadedPair:
    """Both models, which begin to load. Raises ModelError, ConfigError for what can't go together."""
    check(config)
    keep_little()
    kept_in = config.models.folder

    def open_(folder: Path, name: str, options: EngineOptions) -> Transcriber:
        return open_model(folder, name, options, kept_in)

    return LoadedPair(config.models, config.engine.threads, open_, failed)


def open_model(folder: Path, name: str, options: EngineOptions, kept_in: str) -> Whisper:
    """A model, ready for its first window; its speed is measured where that is not known.

    `kept_in`: where models are kept, as the configuration has it. Raises ModelError, also for a model whose
    files have changed since they were fetched.
    """
    integrity.check(folder, name)
    vad.warm_up()
    model = Whisper(folder, name, options)
    model.warm_up()
    speeds.learn(kept_in, model, options)
    return model
