"""What is built by the configuration; with `app`, the only one who chooses implementations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicetype import vad
from voicetype.assembly import Assembly
from voicetype.choice import ChosenModel, Server, Wanted, heard_by, heard_language
from voicetype.config import Config
from voicetype.core.endpointing import EndpointingRules
from voicetype.core.events import Showing, Terms
from voicetype.core.windows import Cadence
from voicetype.engine import EngineOptions, Transcriber, integrity, speeds
from voicetype.engine.memory import keep_little
from voicetype.engine.outgoing import Outgoing
from voicetype.engine.whisper import Whisper
from voicetype.errors import ConfigError, VoicetypeError
from voicetype.own_words import vocabulary
from voicetype.pair import LoadedPair
from voicetype.settings import Settings
from voicetype.strategies import PLANS, Strategy


def settings(config: Config) -> Settings:
    """What a dictation goes by."""
    plan = PLANS[config.engine.strategy]
    drafts = config.typing.drafts and config.typing.keyboard != "clipboard"  # each paste is dear
    rules = EndpointingRules(
        pre_roll_s=config.audio.pre_roll_s, pause_s=config.audio.pause_s, end_s=config.audio.end_s
    )
    return Settings(
        rules=rules,
        cadence=plan.cadence(
            Cadence(config.engine.fast_interval_samples, config.engine.heavy_interval_samples)
        ),
        patching=config.typing.patching,
        terms=Terms(Showing.DRAFTS if drafts else Showing.FINAL, depth=config.typing.depth),
        applications=config.typing.applications,
        new_lines=config.typing.new_lines,
        on_focus_change=config.typing.on_focus_change,
        vad_aggressiveness=config.audio.vad_aggressiveness,
        beam_size=config.engine.beam_size,
        verification=config.engine.verification or plan.judges,
        language=config.language,
        languages=config.languages,
        presumed=config.languages[0] if config.languages else "",
        vocabulary=vocabulary(config.vocabulary),
        commands=config.commands.words,
        strategy=config.engine.strategy.value,
    )


def check(config: Config) -> None:
    """Raise ConfigError, ModelError for a language and models that can't go together, or are not there."""
    asked = asked_for(config)
    heard_language(config.language, heard_by(asked))
    if asked.server is not None and not asked.server.address:
        section = config.engine.strategy.value
        raise ConfigError(
            f'engine.strategy is "{section}", and no server is configured.',
            f'Set address under [{section}], or strategy = "dual" under [engine].',
        )


def asked_for(config: Config) -> Wanted:
    """What is to hear."""
    engine = config.engine
    servers: dict[Strategy, Server] = {Strategy.REMOTE: config.remote, Strategy.STREAMING: config.streaming}
    return Wanted(config.models, engine.threads, engine.strategy, servers.get(engine.strategy))


def make_pair(
    config: Config, failed: Callable[[VoicetypeError], None], outgoing: Outgoing | None = None
) -> LoadedPair:
    """Who hears, which begins to load. Raises ModelError, ConfigError for what can't go together.

    `outgoing` is told what is sent to a server.
    """
    check(config)
    keep_little()

    def open_(model: ChosenModel) -> Transcriber:
        return open_model(model.folder, model.name, model.options, model.kept_in)

    return LoadedPair(asked_for(config), Assembly(open_, failed, outgoing or Outgoing()), failed)


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
