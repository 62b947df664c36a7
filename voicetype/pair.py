"""Both models, each on its worker: which they are, whether they are there, and others instead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, replace
from pathlib import Path

from voicetype.config import ModelsConfig
from voicetype.engine import Transcriber, models
from voicetype.engine.progress import Bar
from voicetype.errors import ConfigError, VoicetypeError
from voicetype.workers import Worker

OpenModel = Callable[[Path, str], Transcriber]
"""Loads the model of a name from its folder and warms it up. Raises ModelError."""


class _Choice:
    """Two models asked for together: whichever worker comes first fetches both, the other waits for it.

    They are loaded one after the other: a model takes more memory while it is converted than ever after.
    """

    def __init__(self, config: ModelsConfig, open_model: OpenModel, loading: threading.Lock) -> None:
        self.config = config
        self.names = models.resolve(config)
        self._open_model = open_model
        self._lock, self._loading = threading.Lock(), loading
        self._obtained: Future[models.Obtained] = Future()

    def fast(self) -> Transcriber:
        """Load the fast model, on its worker's thread."""
        obtained = self._obtain()
        with self._loading:
            return self._open_model(obtained.fast, obtained.pair.fast)

    def heavy(self) -> Transcriber:
        """Load the heavy model, on its worker's thread."""
        obtained = self._obtain()
        with self._loading:
            return self._open_model(obtained.heavy, obtained.pair.heavy)

    def _obtain(self) -> models.Obtained:
        """Both, or why not: that is found out, and said, once."""
        with self._lock:
            if not self._obtained.done():
                try:
                    obtained = models.ensure_pair(self.config, Bar())
                    self.names = obtained.pair
                    self._obtained.set_result(obtained)
                except VoicetypeError as error:
                    self._obtained.set_exception(error)
        return self._obtained.result()


class LoadedPair:
    """The workers and the choice they go by. Any thread may call; implements `parts.Models`."""

    def __init__(
        self, config: ModelsConfig, open_model: OpenModel, failed: Callable[[VoicetypeError], None]
    ) -> None:
        """Begins to load at once. `failed` is told, on a worker's thread, of a model that can't be had."""
        self._open_model, self._tell_failed = open_model, failed
        self._loading = threading.Lock()
        self._choice = _Choice(config, open_model, self._loading)
        self._failure: VoicetypeError | None = None
        # The heavy one first: its conversion is the peak, and should not come on top of the other.
        self.heavy = Worker("heavy", self._choice.heavy, self._fail)
        self.fast = Worker("fast", self._choice.fast, self._fail)

    @property
    def failure(self) -> VoicetypeError | None:
        """Why a model is missing, where one is."""
        return None if self.ready() else self._failure

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come."""
        names = self._choice.names
        return self.fast.name or names.fast, self.heavy.name or names.heavy

    def ready(self) -> bool:
        """Whether both are loaded."""
        return self.fast.ready and self.heavy.ready

    def wait_ready(self) -> bool:
        """Block until both are loaded; False where one could not be."""
        return self.fast.wait_ready() and self.heavy.wait_ready()

    def when_loaded(self, tell: Callable[[], None]) -> None:
        """`tell` is called of each of the two, on a thread of its own, once it is loaded or can't be had."""

        def wait(worker: Worker) -> None:
            worker.wait_ready()
            tell()

        for worker in (self.fast, self.heavy):
            threading.Thread(target=wait, args=(worker,), daemon=True).start()

    def use(self, fast: str, heavy: str) -> None:
        """Load these, and hear with them once they are there.

        Raises ModelError for an unknown name and for a folder without a model.
        """
        for name in filter(models.is_folder, (fast, heavy)):
            models.ensure(name)
        config = replace(self._choice.config, fast=fast, heavy=heavy)
        self._choice = _Choice(config, self._open_model, self._loading)
        self._failure = None
        self.heavy.replace(self._choice.heavy)
        self.fast.replace(self._choice.fast)

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        known = models.listing(self._choice.config.folder)
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        return heard_language(wanted, self.names())

    def close(self) -> None:
        """End both workers."""
        self.fast.close()
        self.heavy.close()

    def _fail(self, error: VoicetypeError) -> None:
        told, self._failure = self._failure, error
        if told is None or told.sentence != error.sentence:  # both workers fail for the same reason
            self._tell_failed(error)


def heard_language(wanted: str, names: Sequence[str]) -> str:
    """The language that these models will hear when `wanted` is asked for. Raises ConfigError."""
    limited = [name for name in names if models.english_only(name)]
    if not limited:
        return wanted
    if wanted not in ("auto", "en"):
        raise ConfigError(
            f"The model {limited[0]} knows English alone, and the language is {wanted!r}.",
            'Choose a multilingual pair: preset = "multilingual" under [models].',
        )
    return "en"
