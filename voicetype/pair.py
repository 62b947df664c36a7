"""Both models, each on its worker: which they are, how far they are loaded, and others instead.

Rule 1. A choice of models is fetched and loaded beside the workers, which hear on with those they have; one
model after the other, for each takes more memory while it is converted than ever after.
Rule 2. A worker without a model takes the new one at once. Those with a model change between two dictations,
both together, and the memory of the old ones is given back.
Rule 3. A heavy model that was not used for a while leaves the memory, and is loaded again with the next
dictation, while the fast one listens already.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from voicetype.config import ModelsConfig
from voicetype.engine import EngineOptions, Transcriber, models, speeds
from voicetype.engine.memory import give_back
from voicetype.engine.models import Obtained
from voicetype.engine.progress import Bar
from voicetype.errors import ConfigError, ModelError, VoicetypeError
from voicetype.workers import Worker, be_nice

log = logging.getLogger(__name__)

OpenModel = Callable[[Path, str, EngineOptions], Transcriber]
"""Loads the model of a name from its folder and warms it up. Raises ModelError."""

_ROLES = (
    "heavy",
    "fast",
)  # the heavy one first: its conversion is the peak, and comes not on top of the other


@dataclass(frozen=True, slots=True)
class _Model:
    """A model of a choice, and how it runs: two that are equal need not be loaded twice."""

    folder: Path
    name: str
    options: EngineOptions


class _Choice:
    """Two models asked for together. `obtained` once they are on this machine."""

    def __init__(self, config: ModelsConfig, threads: int) -> None:
        """Raises ModelError for an unknown name and for a folder without a model."""
        self.config = config
        self.options = EngineOptions(config.device, config.compute_type, threads)
        self.names = models.resolve(config)
        self.obtained: Obtained | None = None
        for name in filter(models.is_folder, (self.names.fast, self.names.heavy)):
            models.ensure(name)

    def obtain(self, progress: Callable[[str, int, int], None]) -> None:
        """Both on this machine, or those that take their place. May take minutes. Raises ModelError."""
        if self.obtained is None:
            self.obtained = models.ensure_pair(self.config, progress)
            self.names = self.obtained.pair

    def model(self, role: str) -> _Model:
        """The one for this worker, once it is obtained."""
        assert self.obtained is not None
        heavy = role == "heavy"
        folder = self.obtained.heavy if heavy else self.obtained.fast
        name = self.names.heavy if heavy else self.names.fast
        return _Model(folder, name, self.options)


class LoadedPair:
    """The workers and the choice they go by. Any thread may call; implements `parts.Models`."""

    def __init__(
        self,
        config: ModelsConfig,
        threads: int,
        open_model: OpenModel,
        failed: Callable[[VoicetypeError], None],
    ) -> None:
        """Begins to load at once. `failed` is told, on a thread of its own, of a model that can't be had.

        `threads` of the processor are each model's.
        """
        self._open_model, self._tell_failed = open_model, failed
        self._changed: Callable[[], None] = lambda: None
        self._bar = Bar()
        self.fast, self.heavy = Worker("fast"), Worker("heavy")
        self._workers = {"fast": self.fast, "heavy": self.heavy}
        self._lock = threading.RLock()
        self._opening = threading.Lock()
        self._choice = _Choice(config, threads)
        self._loaded: dict[str, _Model] = {}
        self._new: dict[str, tuple[_Model, Transcriber]] = {}  # loaded, and waiting for the dictation's end
        self._failure: VoicetypeError | None = None
        self._loading = ""
        self._dictating = False
        self._nap: threading.Timer | None = None
        self._begin()

    @property
    def failure(self) -> VoicetypeError | None:
        """Why a model is missing, where one is."""
        return None if self.ready() else self._failure

    @property
    def loading(self) -> str:
        """What is being fetched or loaded, as a sentence; empty: nothing is."""
        return self._loading

    def watch(self, changed: Callable[[], None]) -> None:
        """`changed` is called, on any thread, when one of these answers has changed."""
        self._changed = changed

    def names(self) -> tuple[str, str]:
        """Fast and heavy: those that hear now; while there are none, those to come."""
        names = self._choice.names
        return self.fast.name or names.fast, self.heavy.name or names.heavy

    def ready(self) -> bool:
        """Whether both can hear; a heavy model that left the memory comes back by itself."""
        return self.fast.ready and (self.heavy.ready or "heavy" in self._loaded)

    def wait_ready(self) -> bool:
        """Block until both are loaded; False where one could not be."""
        return self.fast.wait_ready() and self.heavy.wait_ready()

    def use(self, config: ModelsConfig, threads: int) -> None:
        """Fetch and load these, and hear with them from the next dictation on.

        Raises ModelError for an unknown name and for a folder without a model.
        """
        choice = _Choice(config, threads)
        with self._lock:
            same = (choice.config, choice.options) == (self._choice.config, self._choice.options)
            if same and self._failure is None:
                return
            self._choice, self._failure, self._new = choice, None, {}
            self._begin()

    def dictating(self, active: bool) -> None:
        """Whether a dictation runs: no model changes then (rule 2), and both are wanted (rule 3)."""
        with self._lock:
            self._dictating = active
            if self._nap:
                self._nap.cancel()
            if not active:
                self._settle()
                self._rest_later()
            elif "heavy" in self._loaded and not self.heavy.ready:
                del self._loaded["heavy"]
                self._begin()

    def listing(self) -> Sequence[Mapping[str, object]]:
        """Every model that could be used."""
        choice = self._choice
        known = models.listing(choice.config.folder, speeds.of(choice.config.folder, choice.options))
        return [asdict(model) | {"path": str(model.path or "")} for model in known]

    def language(self, wanted: str) -> str:
        """The language to hear: English where a model knows nothing else. Raises ConfigError."""
        return heard_language(wanted, self.names())

    def close(self) -> None:
        """End both workers."""
        with self._lock:
            self._dictating = True  # nothing changes any more
            if self._nap:
                self._nap.cancel()
        self.fast.close()
        self.heavy.close()

    # loading, on threads of its own

    def _begin(self) -> None:
        """Load what the choice names and is not loaded."""
        for worker in self._workers.values():
            worker.expect()
        threading.Thread(target=self._bring, args=(self._choice,), name="models", daemon=True).start()

    def _bring(self, choice: _Choice) -> None:
        """Fetch and load a choice, unless another one takes its place meanwhile."""
        try:
            choice.obtain(lambda *step: self._fetching(choice, *step))
        except VoicetypeError as error:
            self._fail(choice, _ROLES, error)
        else:
            with self._opening:
                new = {role: model for role in _ROLES if (model := self._loaded_anew(choice, role))}
            with self._lock:
                if choice is self._choice:
                    self._new = new
                    self._settle()
                    if not self._dictating:
                        self._rest_later()
        self._say(choice, "")

    def _loaded_anew(self, choice: _Choice, role: str) -> tuple[_Model, Transcriber] | None:
        """The model of a role, where its worker waits for another to be taken from it."""
        wanted, worker = choice.model(role), self._workers[role]
        if choice is not self._choice or self._loaded.get(role) == wanted:
            return None
        self._say(choice, f"Loading {wanted.name}")
        try:
            model = self._opened(role, wanted)
        except VoicetypeError as error:
            self._fail(choice, (role,), error)
            return None
        with self._lock:
            if choice is not self._choice:
                return None
            if worker.ready:
                return wanted, model
            self._loaded[role] = wanted
            worker.take(model)
        self._changed()
        return None

    def _opened(self, role: str, wanted: _Model) -> Transcriber:
        """Load a model on a thread with its worker's niceness. Raises VoicetypeError."""
        opened: list[Transcriber] = []
        failed: list[Exception] = []

        def load() -> None:
            be_nice(role)
            try:
                opened.append(self._open_model(wanted.folder, wanted.name, wanted.options))
            except Exception as error:  # noqa: BLE001  # the libraries below raise what they like; told below
                failed.append(error)

        thread = threading.Thread(target=load, name=f"load-{role}", daemon=True)
        thread.start()
        thread.join()
        for error in failed:
            if isinstance(error, VoicetypeError):
                raise error
            log.error("loading the %s model failed", role, exc_info=error)
            raise ModelError(
                f"The {role} model could not be loaded: {error}",
                "Remove it with `voicetype models remove NAME`, and fetch it again.",
            ) from error
        return opened[0]

    def _settle(self) -> None:
        """Between two dictations: the new models take the old ones' place."""
        if self._dictating or not self._new:
            return
        for role, (wanted, model) in self._new.items():
            self._loaded[role] = wanted
            self._workers[role].take(model)
        self._new = {}
        give_back()
        self._changed()

    def _rest_later(self) -> None:
        if self._nap:
            self._nap.cancel()
        if seconds := self._choice.config.unload_after_s:
            self._nap = threading.Timer(seconds, self._rest)
            self._nap.daemon = True
            self._nap.start()

    def _rest(self) -> None:
        """The heavy model leaves the memory; `_loaded` remembers that it comes back."""
        with self._lock:
            if self._dictating or self._loading or not self.ready():
                return
            self.heavy.take(None)
            self.heavy.expect()
            give_back()
        log.info("The heavy model has left the memory; the next dictation brings it back.")

    def _fetching(self, choice: _Choice, name: str, done: int, total: int) -> None:
        self._bar(name, done, total)
        if total:
            self._say(choice, f"Fetching {name}: {done // 10**6} of {total // 10**6} MB")

    def _say(self, choice: _Choice, loading: str) -> None:
        if choice is self._choice and loading != self._loading:
            self._loading = loading
            self._changed()

    def _fail(self, choice: _Choice, roles: Sequence[str], error: VoicetypeError) -> None:
        """Those who have a model keep it; those who wait for one wait no longer."""
        with self._lock:
            if choice is not self._choice:
                return
            for role in roles:
                if not self._workers[role].ready:
                    self._workers[role].take(None)
            told, self._failure = self._failure, error
        if told is None or told.sentence != error.sentence:  # both fail for the same reason
            self._tell_failed(error)


def heard_language(wanted: str, names: Sequence[str]) -> str:
    """The language that these models will hear when `wanted` is asked for. Raises ConfigError."""
    limited = [name for name in names if models.english_only(name)]
    if not limited:
        if wanted == "yue" and (without := [name for name in names if not models.knows_cantonese(name)]):
            raise ConfigError(
                f"The model {without[0]} does not know Cantonese (yue).",
                "large-v3 and large-v3-turbo do; zh, Chinese, goes with every multilingual model.",
            )
        return wanted
    if wanted not in ("auto", "en"):
        raise ConfigError(
            f"The model {limited[0]} knows English alone, and the language is {wanted!r}.",
            'Choose a multilingual pair: preset = "multilingual" under [models].',
        )
    return "en"
